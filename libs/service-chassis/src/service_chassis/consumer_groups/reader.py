"""Reads offsets of consumer groups and topics from the brokers. Joins no group and commits nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, Self

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from service_chassis.consumer_groups.position import Committed, Position

# Nobody polls these clients, which would keep every line of log for ever; errors have the reason.
_QUIET: Mapping[str, Any] = {"log_level": 0}
_MEMBERSHIP = {"group.instance.id"}

# The client looks for the coordinator again by itself.
_COORDINATOR_MOVES = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
_RETRY_INTERVAL = 0.1  # seconds


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
    """Reads the offsets of one group. A context manager; each request takes at most `timeout` seconds.

    Committed offsets are requested by a consumer with the group's id, which does not join: an admin client
    (`list_consumer_group_offsets`) ends the process with a segmentation fault when the response is that the group's
    coordinator has moved or is not ready, in librdkafka up to 2.16 (`rd_kafka_handle_OffsetFetch` relies on `rk_cgrp`).
    """

    def __init__(
        self, group: str, *, admin: Mapping[str, Any], consumer: Mapping[str, Any], timeout: float = 5.0
    ) -> None:
        """`admin` and `consumer` are librdkafka's properties of each kind of client. Raises KafkaException."""
        self.group = group
        self._timeout = timeout
        self._admin = AdminClient({**admin, **_QUIET})
        self._consumer = Consumer(
            {
                **{name: value for name, value in consumer.items() if name not in _MEMBERSHIP},
                **_QUIET,
                "group.id": group,
                "enable.auto.commit": False,
                # Else it would wait for offsets in transactions that are open.
                "isolation.level": "read_uncommitted",
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def topic(self, name: str) -> Topic:
        """Return a topic's id and partitions. Raises GroupUnreadableError, also when there is no such topic."""
        request = self._admin.describe_topics(TopicCollection([name]), request_timeout=self._timeout)
        try:
            found = request[name].result()
        except KafkaException as error:
            raise _unreadable(f"The topic {name} cannot be read", error.args[0]) from error
        return Topic(name, str(found.topic_id), tuple(sorted(each.id for each in found.partitions)))

    def committed(self, topic: str, partitions: Iterable[int]) -> dict[int, Committed]:
        """Return the group's committed offset of each of these partitions that has one. Raises GroupUnreadableError."""
        found = self._committed([TopicPartition(topic, each) for each in partitions])
        return {partition: committed for (_, partition), committed in found.items()}

    def topics(self) -> list[str]:
        """Return the topics that the group has committed offsets in. Raises GroupUnreadableError."""
        try:
            described = self._admin.list_topics(timeout=self._timeout).topics
        except KafkaException as error:
            raise _unreadable("The topics cannot be listed", error.args[0]) from error
        every = [TopicPartition(name, each) for name, topic in described.items() for each in topic.partitions]
        return sorted({topic for topic, _ in self._committed(every)})

    def positions(self, topic: str) -> GroupPositions:
        """Return where the group is in every partition of a topic, those included that nobody owns.

        Raises GroupUnreadableError.
        """
        described = self.topic(topic)
        # Before the ends of the partitions: those only grow, so that what is committed lies not beyond them.
        committed = self.committed(topic, described.partitions)
        earliest, last_stable, unknown = self.bounds(topic, described.partitions)
        positions = {
            each: Position(
                committed=committed.get(each),
                topic_id=described.id,
                earliest=earliest[each],
                last_stable=last_stable[each],
            )
            for each in described.partitions
            if each not in unknown
        }
        return GroupPositions(described, positions, unknown)

    def _committed(self, partitions: list[TopicPartition]) -> dict[tuple[str, int], Committed]:
        complaint = f"The committed offsets of the group {self.group} cannot be read"
        deadline = monotonic() + self._timeout
        while True:
            try:
                found = self._consumer.committed(partitions, timeout=self._timeout) if partitions else []
                break
            except KafkaException as error:
                if error.args[0].code() in _COORDINATOR_MOVES and monotonic() < deadline:
                    sleep(_RETRY_INTERVAL)
                    continue
                # The reason why the coordinator is not known comes as a message.
                message = self._consumer.poll(0)
                raise _unreadable(complaint, (message and message.error()) or error.args[0]) from error
        for each in found:
            if each.error is not None:
                raise _unreadable(complaint, each.error)
        return {
            (each.topic, each.partition): Committed(each.offset, each.metadata or "")
            for each in found
            if each.offset >= 0
        }

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


def _unreadable(complaint: str, reason: KafkaError) -> GroupUnreadableError:
    return GroupUnreadableError(f"{complaint}: {reason.str()}.", reason)
