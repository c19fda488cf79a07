"""Reads offsets of consumer groups and topics from the brokers. Joins no group and commits nothing."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from service_chassis.consumer_groups.position import Committed, Position


class GroupUnreadableError(Exception):
    """The brokers did not give what was requested; the message is a sentence."""

    def __init__(self, message: str, error: KafkaError) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is now."""

    name: str
    id: str
    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupPositions:
    """Where a group is in each partition of a topic; `unknown` has the reason for those of which it is not known."""

    topic: Topic
    positions: Mapping[int, Position]
    unknown: Mapping[int, str] = field(default_factory=dict)


class GroupReader:
    """Takes an admin client; each request takes at most `timeout` seconds."""

    def __init__(self, admin: AdminClient, *, timeout: float) -> None:
        self._admin = admin
        self._timeout = timeout

    def topic(self, name: str) -> Topic:
        """Return a topic's id and partitions. Raises GroupUnreadableError, also when there is no such topic."""
        request = self._admin.describe_topics(TopicCollection([name]), request_timeout=self._timeout)
        found = _result(request[name], f"The topic {name} cannot be read")
        return Topic(name, str(found.topic_id), tuple(sorted(each.id for each in found.partitions)))

    def committed(self, group: str, topic: str | None = None) -> dict[tuple[str, int], Committed]:
        """Return the committed offsets of a group, in one topic or in all, by topic and partition.

        Raises GroupUnreadableError.
        """
        request = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=self._timeout
        )
        found = _result(request[group], f"The committed offsets of the group {group} cannot be read").topic_partitions
        return {
            (each.topic, each.partition): Committed(each.offset, each.metadata or "")
            for each in found
            if each.offset >= 0 and topic in (None, each.topic)
        }

    def positions(self, group: str, topic: str) -> GroupPositions:
        """Return where a group is in every partition of a topic, those included that nobody owns.

        Raises GroupUnreadableError.
        """
        described = self.topic(topic)
        # Before the ends of the partitions: those only grow, so that what is committed lies not beyond them.
        committed = self.committed(group, topic)
        earliest, last_stable, unknown = self.bounds(topic, described.partitions)
        positions = {
            each: Position(
                committed=committed.get((topic, each)),
                topic_id=described.id,
                earliest=earliest[each],
                last_stable=last_stable[each],
            )
            for each in described.partitions
            if each not in unknown
        }
        return GroupPositions(described, positions, unknown)

    def bounds(self, topic: str, partitions: Iterable[int]) -> tuple[dict[int, int], dict[int, int], dict[int, str]]:
        """Return the first and the last stable offset of each partition, and why others are not known."""
        specs = (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        earliest, last_stable = (
            self._admin.list_offsets(
                {TopicPartition(topic, each): spec for each in partitions},
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=self._timeout,
            )
            for spec in specs
        )
        found: tuple[dict[int, int], dict[int, int]] = ({}, {})
        unknown: dict[int, str] = {}
        for offsets, futures in zip(found, (earliest, last_stable), strict=True):
            for each, future in futures.items():
                try:
                    offsets[each.partition] = future.result().offset
                except KafkaException as error:
                    unknown[each.partition] = error.args[0].str()
        return *found, unknown


def _result(future: "Future[Any]", complaint: str) -> Any:
    try:
        return future.result()
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        raise GroupUnreadableError(f"{complaint}: {reason.str()}.", reason) from error
