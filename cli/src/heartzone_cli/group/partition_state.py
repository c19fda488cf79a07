"""The state of one partition of a group, for people and programs. Pure."""

from enum import StrEnum
from typing import Any

from service_chassis.consumer_groups.lag import Lag
from service_chassis.consumer_groups.position import Position


class OffsetState(StrEnum):
    """What the committed offset is to the topic."""

    IN_TOPIC = "in_topic"
    MISSING = "missing"
    OUT_OF_RANGE = "out_of_range"
    OF_ANOTHER_TOPIC = "of_another_topic"


def offset_state(at: Position) -> OffsetState:
    """Say what the committed offset is to the topic."""
    if at.committed is None:
        return OffsetState.MISSING
    if at.is_of_another_topic:
        return OffsetState.OF_ANOTHER_TOPIC
    in_topic = at.earliest <= at.committed.offset <= at.last_stable
    return OffsetState.IN_TOPIC if in_topic else OffsetState.OUT_OF_RANGE


def remark(at: Position) -> str:
    """Say what is unusual about the committed offset; empty when nothing is."""
    return {
        OffsetState.IN_TOPIC: "",
        OffsetState.MISSING: "no committed offset",
        OffsetState.OUT_OF_RANGE: f"not in the topic, which holds {at.earliest} to {at.last_stable}",
        OffsetState.OF_ANOTHER_TOPIC: "committed for an earlier topic of this name",
    }[offset_state(at)]


def fields(at: Position, lag: Lag) -> dict[str, Any]:
    """Return what `--json` prints of it."""
    return {
        "committed": None if at.committed is None else at.committed.offset,
        "state": offset_state(at),
        "earliest": at.earliest,
        "last_stable": at.last_stable,
        "lag": lag.records,
        "lag_seconds": lag.seconds,
        "topic_id": at.topic_id,
        "committed_topic_id": None if at.committed is None else at.committed.topic_id,
    }
