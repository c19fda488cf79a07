"""Group metadata that names no member would bypass fencing."""

import pytest
from confluent_kafka import Consumer

from exactly_once.core.group_metadata import names_a_member


def metadata(generation: int, member: bytes) -> bytes:
    return b"CGMDv2:" + generation.to_bytes(4, "little", signed=True) + b"group\0" + member + b"\0\0"


@pytest.mark.parametrize(
    ("generation", "member", "expected"),
    [
        pytest.param(0, b"m-1", True, id="first-generation"),
        pytest.param(7, b"m-1", True, id="later-generation"),
        pytest.param(-1, b"m-1", False, id="no-generation"),
        pytest.param(7, b"", False, id="no-member"),
        pytest.param(-1, b"", False, id="neither"),
    ],
)
def test_only_a_generation_and_a_member_together_are_checked_by_the_broker(
    generation: int, member: bytes, expected: bool
) -> None:
    assert names_a_member(metadata(generation, member)) is expected


def test_a_consumer_that_has_not_joined_names_no_member() -> None:
    """The form is librdkafka's own: this notices when it changes."""
    consumer = Consumer({"bootstrap.servers": "localhost:1", "group.id": "group", "log_level": 0})
    try:
        found = consumer.consumer_group_metadata()
    finally:
        consumer.close()

    assert found.startswith(b"CGMDv2:")
    assert b"group" in found
    assert not names_a_member(found)
