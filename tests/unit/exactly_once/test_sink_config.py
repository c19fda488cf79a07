"""The configuration of a sink worker is checked as a worker's is, and says what it is about."""

from typing import Any

import pytest

from exactly_once.sink import SinkConfig

VALID: dict[str, Any] = {
    "input_topics": ["in"],
    "group_id": "group",
    "connection": {"bootstrap.servers": "localhost:1"},
}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("input_topics", "in", "give a list of topics"),
        ("group_id", "", "group_id is empty"),
        ("connection", {}, "no bootstrap.servers"),
        ("consumer", {"enable.auto.commit": True}, "consumer property enable.auto.commit cannot be set"),
    ],
)
def test_a_value_that_no_worker_could_run_with_is_named(field: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SinkConfig(**{**VALID, field: value})


def test_a_commit_waits_for_less_than_the_watchdog_unless_it_is_set() -> None:
    def timeout(config: SinkConfig) -> object:
        return config.consumer_properties()["socket.timeout.ms"]

    assert timeout(SinkConfig(**VALID)) == 10_000
    assert timeout(SinkConfig(**VALID, consumer={"socket.timeout.ms": 5_000})) == 5_000
