"""The error of a connection that a worker waits for, beside the reason."""

import pytest

from exactly_once import WaitReason
from exactly_once.core.connection_errors import connection_error, with_connection_error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "kafka:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 3ms in state CONNECT)",
            "kafka:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused",
        ),
        (
            "kafka:9092/1: Disconnected (after 100ms in state UP, 4 identical error(s) suppressed)",
            "kafka:9092/1: Disconnected",
        ),
        (
            "ssl://kafka:9092/1: Disconnected: SSL connection closed by peer (after 2ms in state SSL_HANDSHAKE)",
            "ssl://kafka:9092/1: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker"
            " listener?",
        ),
        ("0/2 brokers are down", "0/2 brokers are down"),
    ],
)
def test_an_error_of_a_connection_is_told_without_what_changes_from_one_to_the_next(text: str, words: str) -> None:
    assert connection_error(text) == words


def test_only_a_wait_for_a_connection_has_its_error_beside_it() -> None:
    assert with_connection_error(WaitReason.COORDINATOR, "no route") == f"{WaitReason.COORDINATOR}: no route"
    assert with_connection_error(WaitReason.COORDINATOR, None) == WaitReason.COORDINATOR
    assert with_connection_error("database_down", "no route") == "database_down"
