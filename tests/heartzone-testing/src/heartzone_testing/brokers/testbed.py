"""A broker as tests use it: fresh topics, and an independent reader that audits them."""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import TypeVar

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec
from confluent_kafka.cimpl import NewPartitions, NewTopic

from heartzone_testing.waiting import eventually

_T = TypeVar("_T")

# What a broker responds with that was frozen or has just started: its partitions have no leader yet, or it still loads
# the group's partition of __consumer_offsets.
NOT_READY = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._NOENT,  # no leader found
    KafkaError._TIMED_OUT,
)


def once_ready(call: Callable[[], _T]) -> _T:
    """Return what a call returns as soon as the broker is ready to serve it; each try makes a client of its own."""
    results: list[_T] = []

    def succeeds() -> bool:
        try:
            results.append(call())
        except KafkaException as failure:
            if failure.args[0].code() not in NOT_READY:
                raise
        return bool(results)

    eventually(succeeds, "a broker that serves the request", 120, every=0.2)
    return results[0]


class Testbed:
    """One broker or a cluster, seen from outside of what is under test; topics have so many ``copies``."""

    __test__ = False  # not a class of tests, whatever its name suggests to pytest

    def __init__(self, connection: Mapping[str, str], *, copies: int = 1) -> None:
        self.connection: dict[str, str] = {**connection}
        self._copies = copies

    def create_topics(self, *names: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> list[str]:
        """Topics of these names with a random ending, so that tests share a broker without meeting."""
        fresh = [f"{name}-{uuid.uuid4().hex[:8]}" for name in names]
        admin = AdminClient({**self.connection})
        for future in admin.create_topics(
            [NewTopic(name, partitions, self._copies, config=dict(config or {})) for name in fresh]
        ).values():
            future.result()
        # The controller has created them; on a busy machine the broker learns of them some moments later.
        while not admin.list_topics(timeout=30).topics.keys() >= set(fresh):
            pass
        return fresh

    def add_partitions(self, topic: str, total: int) -> None:
        """Let a topic have so many partitions."""
        admin = AdminClient({**self.connection})
        admin.create_partitions([NewPartitions(topic, total)])[topic].result()

    def delete_records(self, topic: str, before: int) -> None:
        """Delete the records of partition 0 before an offset, as retention does."""
        admin = AdminClient({**self.connection})
        [future] = admin.delete_records([TopicPartition(topic, 0, before)]).values()
        future.result()

    def delete_topic(self, topic: str) -> None:
        """Delete a topic; brokers do it in the background."""
        admin = AdminClient({**self.connection})
        admin.delete_topics([topic])[topic].result()

    def recreate_topic(self, topic: str, partitions: int = 1) -> None:
        """Delete a topic and create another of its name."""
        self.delete_topic(topic)
        admin = AdminClient({**self.connection})
        while True:
            try:
                admin.create_topics([NewTopic(topic, partitions, self._copies)])[topic].result()
            except KafkaException as failure:
                # The broker deletes in the background; until then the name is taken.
                if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
            else:
                return

    def send(self, topic: str, *records: bytes | tuple[bytes, bytes] | None, partition: int = -1) -> None:
        """Produce values, or (key, value) pairs, and return when all are acknowledged; to a partition, where given."""
        failures: list[KafkaError] = []
        with Producer({**self.connection, "enable.idempotence": True}) as producer:
            for record in records:
                key, value = record if isinstance(record, tuple) else (None, record)
                producer.produce(
                    topic,
                    value,
                    key,
                    partition,
                    on_delivery=lambda error, _: failures.append(error) if error else None,
                )
                producer.poll(0)
            assert producer.flush(30) == 0
        assert failures == []

    def read(
        self, topic: str, *, isolation: str = "read_committed", beside_open_transactions: bool = False
    ) -> list[Message]:
        """Every record of a topic that this isolation level shows, by partition and offset.

        No group, explicit assignment, from the first offset to the end at the time of reading: a read_committed reader
        waits for what is open there. A commit is acknowledged before its markers are in the partitions, so that a
        reader who does not wait may see less than what is committed; a test with a transaction that stays open must.
        """
        consumer = Consumer(
            {
                **self.connection,
                "group.id": f"audit-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "isolation.level": isolation,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            }
        )
        try:
            numbers = self.partitions(topic)
            ends = {number: 0 if beside_open_transactions else self.end_offset(topic, number) for number in numbers}
            consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
            unfinished, found = set(numbers), []
            deadline = time.monotonic() + 60
            while unfinished:
                assert time.monotonic() < deadline, f"{topic}: no end of partitions {unfinished} within 60 s"
                for message in consumer.consume(10_000, 0.2):
                    error = message.error()
                    if error is None:
                        found.append(message)
                    else:
                        assert error.code() == KafkaError._PARTITION_EOF, error
                        number = message.partition() or 0
                        if (message.offset() or 0) >= ends[number]:
                            unfinished.discard(number)
            return sorted(found, key=lambda message: (message.partition() or 0, message.offset() or 0))
        finally:
            consumer.close()

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic that exists."""

        def described() -> list[int]:
            found = AdminClient({**self.connection}).list_topics(topic, timeout=20).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            return sorted(found.partitions)

        return once_ready(described)

    def values(self, topic: str) -> list[bytes | None]:
        """The values of a topic as a read_committed reader sees them, by partition and offset."""
        return [message.value() for message in self.read(topic)]

    def group_offsets(self, group: str, topic: str, partitions: int = 1) -> dict[int, int]:
        """The committed offsets of a group by partition, -1001 where there is none."""
        return {each.partition: each.offset for each in self._committed(group, topic, partitions)}

    def group_metadata_texts(self, group: str, topic: str, partitions: int = 1) -> list[str]:
        """What is kept as metadata with the committed offsets of a group."""
        return [each.metadata or "" for each in self._committed(group, topic, partitions)]

    def _committed(self, group: str, topic: str, partitions: int) -> list[TopicPartition]:
        wanted = [TopicPartition(topic, number) for number in range(partitions)]

        def committed() -> list[TopicPartition]:
            with Consumer({**self.connection, "group.id": group}) as consumer:
                return consumer.committed(wanted, 20)

        return once_ready(committed)

    def end_offset(self, topic: str, partition: int = 0) -> int:
        """Where the next record of a partition will be; control records and open transactions count."""
        at = TopicPartition(topic, partition)

        def end() -> int:
            admin = AdminClient({**self.connection})
            latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
            [future] = admin.list_offsets(
                {at: latest}, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=20
            ).values()
            return int(future.result().offset)

        return once_ready(end)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """The same of each partition."""
        wanted = [TopicPartition(topic, number) for number in self.partitions(topic)]

        def ends() -> dict[int, int]:
            latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
            admin = AdminClient({**self.connection})
            found = admin.list_offsets(
                dict.fromkeys(wanted, latest), isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=20
            )
            return {at.partition: int(future.result().offset) for at, future in found.items()}

        return once_ready(ends)

    def topic_id(self, topic: str) -> str:
        """The id of a topic: that of another one of the same name is another."""

        def described() -> str:
            admin = AdminClient({**self.connection})
            return str(admin.describe_topics(TopicCollection([topic]), request_timeout=20)[topic].result().topic_id)

        return once_ready(described)

    def delete_group(self, group: str) -> None:
        """Delete a group without members, and its offsets, as brokers do when they expire."""
        admin = AdminClient({**self.connection})
        [future] = admin.delete_consumer_groups([group], request_timeout=20).values()
        future.result()

    def fence(self, transactional_id: str) -> None:
        """Claim the id of a worker, as a twin or a successor of it would."""
        with Producer({**self.connection, "transactional.id": transactional_id}) as twin:
            twin.init_transactions(30)

    def set_group_offset(self, group: str, topic: str, offset: int, *, partition: int = 0, metadata: str = "") -> None:
        """Commit an offset of one partition for a group without members."""
        at = TopicPartition(topic, partition, offset, metadata)

        def commit() -> None:
            with Consumer({**self.connection, "group.id": group, "enable.auto.commit": False}) as consumer:
                consumer.commit(offsets=[at], asynchronous=False)

        once_ready(commit)
