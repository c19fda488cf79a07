"""A reader while there are faults: what it has seen, and how far the group was (invariants I6, I9 of a campaign)."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.worker import Settings

COMMITTED_WITHIN = 5.0  # seconds


class Position(NamedTuple):
    """What a group has committed of a partition."""

    offset: int
    topic_id: str
    """As the worker has written it beside the offset."""


class Observer:
    """Reads the copies read_committed, and asks for the group's offsets, all the while."""

    def __init__(self, kafka: Testbed, settings: Settings, partitions: int) -> None:
        self._kafka = kafka
        self._settings = settings
        self._partitions = range(partitions)
        self._stop = threading.Event()
        self._seen: dict[int, list[int]] = defaultdict(list)
        self._highest: dict[tuple[int, str], int] = {}
        self.positions: dict[int, Position] = {}
        """Where the group was lately."""
        self.problems: list[str] = []

    @property
    def processed(self) -> int:
        """A number that grows with what is processed."""
        return sum(self._highest.values())

    def stop(self) -> None:
        """End."""
        self._stop.set()

    def run(self) -> None:
        """Observe."""
        target, source = self._settings.target, self._settings.source
        properties = {**self._kafka.connection, "enable.auto.commit": False, "auto.offset.reset": "error"}
        reader = Consumer({**properties, "group.id": self._settings.group_id, "isolation.level": "read_committed"})
        try:
            reader.assign([TopicPartition(target, each, 0) for each in self._partitions])
            while not self._stop.is_set():
                for message in reader.consume(1000, 0.5):
                    if message.error() is None:
                        self._seen[_partition(message)].append(message.offset() or 0)
                try:
                    wanted = [TopicPartition(source, each) for each in self._partitions]
                    self._compare(reader.committed(wanted, COMMITTED_WITHIN))
                except KafkaException:  # in a transaction that somebody has left open, or of brokers that are frozen
                    continue
        finally:
            reader.close()

    def _compare(self, offsets: Iterable[TopicPartition]) -> None:
        found = {}
        for at in offsets:
            if at.error is not None or at.offset < 0:
                continue
            position = Position(at.offset, (at.metadata or "").split(";")[0])
            found[at.partition] = position
            before = self._highest.get((at.partition, position.topic_id), 0)
            if position.offset < before:
                self.problems.append(
                    f"the committed offset of partition {at.partition} went back from {before} to {at.offset}"
                )
            self._highest[at.partition, position.topic_id] = max(at.offset, before)
        self.positions = found

    def differences(self, copies: Iterable[Message]) -> Iterator[str]:
        """Where it has seen something else than there is at the end."""
        final: dict[int, list[int | None]] = defaultdict(list)
        for message in copies:
            final[_partition(message)].append(message.offset())
        for partition, offsets in self._seen.items():
            if final[partition][: len(offsets)] != offsets:
                yield f"a reader during the faults has seen another partition {partition} of the copies"


def _partition(message: Message) -> int:
    partition = message.partition()
    assert partition is not None
    return partition
