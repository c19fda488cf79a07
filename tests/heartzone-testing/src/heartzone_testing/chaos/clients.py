"""The clients of a worker's process: confluent_kafka's, which say where they are; with a bug, where asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from heartzone_testing.chaos.bugs import Bug
from heartzone_testing.chaos.points import Point, Points

Rebalanced = Callable[[Consumer, list[TopicPartition]], None]

POINTS: Mapping[str, Point] = {"on_assign": Point.ASSIGNED, "on_revoke": Point.REVOKED, "on_lost": Point.REVOKED}


class PointConsumer(Consumer):
    """Tells when its partitions change."""

    def __init__(self, points: Points, properties: dict[str, Any]) -> None:
        super().__init__(properties)
        self._points = points

    def subscribe(self, topics: list[str], **callbacks: Rebalanced) -> None:  # type: ignore[override]
        """Subscribe; the callbacks are those of the engine."""
        super().subscribe(topics, **{name: self._telling(POINTS[name], each) for name, each in callbacks.items()})

    def _telling(self, point: Point, callback: Rebalanced) -> Rebalanced:
        def call(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self._points.reach(point)
            callback(consumer, partitions)

        return call


class PointProducer(Producer):
    """Tells how far its transaction is."""

    def __init__(self, points: Points, properties: dict[str, Any]) -> None:
        super().__init__(properties)
        self._points = points

    def begin_transaction(self) -> None:
        """Begin."""
        super().begin_transaction()
        self._points.reach(Point.BEGUN)

    def send_offsets_to_transaction(self, offsets: list[TopicPartition], metadata: Any, timeout: float) -> None:  # type: ignore[override]
        """Add the offsets."""
        self._points.reach(Point.PRODUCED)
        super().send_offsets_to_transaction(offsets, metadata, timeout)
        self._points.reach(Point.OFFSETS_SENT)

    def commit_transaction(self, timeout: float) -> None:  # type: ignore[override]
        """Commit."""
        self._points.reach(Point.COMMITTING)
        super().commit_transaction(timeout)
        self._points.reach(Point.COMMITTED)


class WrongProducer(PointProducer):
    """One with a bug; ``member`` is the consumer of its process, ``nobody`` one that is in no generation of the group.

    The consumer is made after the first producer.
    """

    def __init__(
        self, bug: Bug, member: Callable[[], Consumer], nobody: Consumer, outside: Producer, *rest: Any
    ) -> None:
        super().__init__(*rest)
        self._bug = bug
        self._member = member
        self._nobody = nobody
        self._outside = outside

    def produce(self, *record: Any) -> None:
        """Produce."""
        if self._bug is Bug.PRODUCE_OUTSIDE_TRANSACTION:
            self._outside.produce(*record)
        else:
            super().produce(*record)

    def send_offsets_to_transaction(self, offsets: list[TopicPartition], metadata: Any, timeout: float) -> None:  # type: ignore[override]
        """Add the offsets."""
        self._outside.flush(30)
        if self._bug is Bug.PLAIN_COMMIT:
            self._member().commit(offsets=offsets, asynchronous=False)
        if self._bug is Bug.NO_FENCING:
            metadata = self._nobody.consumer_group_metadata()
        super().send_offsets_to_transaction(offsets, metadata, timeout)

    def commit_transaction(self, timeout: float) -> None:  # type: ignore[override]
        """Commit."""
        try:
            super().commit_transaction(timeout)
        except KafkaException:
            if self._bug is not Bug.SWALLOWED_ABORTABLE_ERROR:
                raise


class ProcessClients:
    """Makes the clients of one process, in the place of confluent_kafka's classes."""

    def __init__(self, points: Points, *, connection: Mapping[str, str], group_id: str, bug: Bug | None) -> None:
        self._points = points
        self._connection = {**connection}
        self._group_id = group_id
        self._bug = bug
        self._member: Consumer | None = None

    def consumer(self, properties: dict[str, Any]) -> Consumer:
        """The consumer that joins the group."""
        self._member = PointConsumer(self._points, properties)
        return self._member

    def producer(self, properties: dict[str, Any]) -> Producer:
        """A transactional producer."""
        if self._bug is None:
            return PointProducer(self._points, properties)
        nobody = Consumer({**self._connection, "group.id": self._group_id, "enable.auto.commit": False})
        return WrongProducer(self._bug, self._joined, nobody, Producer(self._connection), self._points, properties)

    def _joined(self) -> Consumer:
        assert self._member is not None
        return self._member
