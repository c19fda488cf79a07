"""The move of a group's offset by a person; under living members it is in test_partitions_alone."""

import uuid

import pytest

from exactly_once import OffsetNotMovedError, move_offset
from heartzone_testing.brokers.testbed import Testbed


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4().hex[:8]}"


def test_an_offset_is_moved_with_the_id_of_its_topic(kafka: Testbed, group: str) -> None:
    [topic] = kafka.create_topics("in")
    kafka.send(topic, b"a", b"b")

    move_offset(kafka.connection, group, topic, 0, 1)

    assert kafka.group_offsets(group, topic) == {0: 1}
    assert kafka.group_metadata_texts(group, topic)[0].startswith("topic-id=")


def test_an_offset_that_the_topic_does_not_hold_is_rejected_with_what_it_holds(kafka: Testbed, group: str) -> None:
    [topic] = kafka.create_topics("in")
    kafka.send(topic, b"a", b"b")

    with pytest.raises(ValueError, match=rf"offset 3 is not in {topic}\[0\]; give one from 0 to 2"):
        move_offset(kafka.connection, group, topic, 0, 3)
    with pytest.raises(ValueError, match=f"{topic} has no partition 1; give one of 0 to 0"):
        move_offset(kafka.connection, group, topic, 1, 0)
    assert kafka.group_offsets(group, topic)[0] < 0


def test_a_topic_that_does_not_exist_is_named(kafka: Testbed, group: str) -> None:
    with pytest.raises(OffsetNotMovedError, match=r"The topic nowhere cannot be read: .*Unknown topic"):
        move_offset(kafka.connection, group, "nowhere", 0, 0)
