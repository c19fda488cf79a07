"""Reading of topics without a consumer group: a range of offsets, or everything from an offset on.

Nothing is committed: a command that watches a topic must not leave a trace in the cluster.
"""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from time import monotonic, sleep
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from service_chassis.consumer_groups.reader import GroupReader, GroupUnreadableError

Offsets = dict[int, int]  # by partition

# Seconds
CALL_TIMEOUT = 5.0
PARTITION_REFRESH_INTERVAL = 30.0
LEADER_RETRY_INTERVAL = 0.1

# Errors while a partition's leader moves, or is new and not yet known to all brokers.
LEADER_ERRORS = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError._NOENT,  # librdkafka's "No leaders found"
    KafkaError._UNKNOWN_PARTITION,  # one that a broker which has just started does not know yet
}
PERMANENT_ERRORS = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError._AUTHENTICATION,
}


class TopicUnavailableError(Exception):
    """A topic cannot be read; the message is a sentence."""


class KafkaUnavailableError(TopicUnavailableError):
    """No broker responds."""


class TopicReader:
    """Reads topics of one cluster, read_committed. Use it as a context manager."""

    def __init__(self, *, consumer: Mapping[str, str], admin: Mapping[str, str]) -> None:
        """`consumer` and `admin` are librdkafka properties; connections are made when they are needed."""
        self.connection_error: str | None = None
        """The latest connection error, until records arrive again; the client reconnects by itself."""
        # Errors are raised, or kept in `connection_error`, as one sentence each: the client's own log stays off.
        quiet: dict[str, Any] = {"log_level": "0", "error_cb": self._note}
        self._connection = (admin, consumer)
        self._group: GroupReader | None = None
        self._open = contextlib.ExitStack()
        self._admin = AdminClient({**admin, **quiet})
        self._consumer = Consumer(
            {
                **consumer,
                **quiet,
                "group.id": "heartzone-command",  # required by the client, never joined
                "enable.auto.commit": "false",
                "enable.auto.offset.store": "false",
                "isolation.level": "read_committed",
                "enable.partition.eof": "true",
                # The end of a range is often known from an empty fetch only: half a second each by default.
                "fetch.wait.max.ms": "50",
                "auto.offset.reset": "earliest",  # the start of a range may have been deleted meanwhile
            }
        )

    def __enter__(self) -> "TopicReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._consumer.close()

    def _note(self, error: KafkaError) -> None:
        self.connection_error = error.str()

    def partitions(self, topic: str) -> list[int]:
        """Return the partitions of a topic. Raises TopicUnavailableError."""
        try:
            # By the consumer, which has to know the partitions' leaders before it can fetch.
            found = self._consumer.list_topics(topic, timeout=CALL_TIMEOUT).topics[topic]
        except KafkaException as error:
            raise KafkaUnavailableError(f"Kafka does not respond: {error.args[0].str()}.") from error
        if found.error is not None:
            if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise TopicUnavailableError(f"The topic {topic} does not exist; `heartzone topics apply` creates it.")
            raise TopicUnavailableError(f"The topic {topic} cannot be read: {found.error.str()}.")
        return sorted(found.partitions)

    def start_offsets(self, topic: str) -> Offsets:
        """Return the first offset of each partition."""
        return self._offsets(topic, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def end_offsets(self, topic: str) -> Offsets:
        """Return the high watermark of each partition: after everything appended so far, committed or not."""
        return self._offsets(topic, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def committed_offsets(self, group_id: str, topic: str, partitions: Collection[int]) -> Offsets:
        """Return the group's committed offset of each partition that has one. Raises TopicUnavailableError."""
        if self._group is None or self._group.group != group_id:
            self._group = self._open.enter_context(
                GroupReader(group_id, admin=self._connection[0], consumer=self._connection[1], timeout=CALL_TIMEOUT)
            )
        try:
            found = self._group.committed(topic, partitions)
        except GroupUnreadableError as error:
            raise TopicUnavailableError(str(error)) from error
        return {partition: at.offset for partition, at in found.items()}

    def read_range(self, topic: str, start: Offsets, end: Offsets, *, deadline: float) -> Iterator[Message]:
        """Yield the committed records from `start` up to `end`, in no order between partitions.

        Waits for transactions that are open inside the range. Raises TopicUnavailableError when `deadline` (by
        the monotonic clock) passes first.
        """
        left = {partition for partition, offset in end.items() if offset > start.get(partition, 0)}
        if not left:
            return
        self._consumer.assign([TopicPartition(topic, p, start.get(p, 0)) for p in sorted(left)])
        try:
            while left:
                if monotonic() > deadline:
                    raise TopicUnavailableError(f"Reading the topic {topic} took too long.")
                for message in self._consumer.consume(500, timeout=0.05):
                    # A control record has an offset but no message: the end-of-partition event passes it.
                    partition, offset = message.partition(), message.offset()
                    if partition is None or offset is None:
                        continue  # an error of the group, which is never joined, and to which a user may have no right
                    error = message.error()
                    if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                        raise TopicUnavailableError(
                            f"The topic {topic} cannot be read: {error.str()}. It takes the right Read on it."
                        )
                    if error is not None and not _is_end(message):
                        continue  # it has passed no record
                    reached = offset if error is not None else offset + 1
                    if reached >= end[partition]:
                        left.discard(partition)
                    if error is None and offset < end[partition]:
                        yield message
        finally:
            self._consumer.unassign()

    def follow(self, topic: str, *, from_beginning: bool) -> Iterator[list[Message]]:
        """Yield batches of the records committed from now on (or from the first record on), without end.

        A batch is empty when nothing arrived for a moment, so that the caller can do something else. Partitions
        that are added are found within half a minute and read from their start. Raises TopicUnavailableError.
        """
        positions = self.start_offsets(topic) if from_beginning else self.end_offsets(topic)
        self._consumer.assign([TopicPartition(topic, p, offset) for p, offset in positions.items()])
        refresh_at = monotonic() + PARTITION_REFRESH_INTERVAL
        while True:
            messages = self._consumer.consume(500, timeout=0.25)
            for message in messages:
                error = message.error()
                if error is not None and error.code() in PERMANENT_ERRORS:
                    raise TopicUnavailableError(f"The topic {topic} cannot be read: {error.str()}.")
            records = [message for message in messages if message.error() is None]
            if records:
                self.connection_error = None
            yield records
            if monotonic() > refresh_at:
                refresh_at = monotonic() + PARTITION_REFRESH_INTERVAL
                with contextlib.suppress(TopicUnavailableError):  # unavailable: the consumer reconnects
                    added = set(self.partitions(topic)) - positions.keys()
                    self._consumer.incremental_assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in added])
                    positions |= dict.fromkeys(added, 0)

    def _offsets(self, topic: str, spec: OffsetSpec) -> Offsets:
        return list_offsets(self._admin, topic, self.partitions(topic), spec)


def list_offsets(
    admin: AdminClient,
    topic: str,
    partitions: Collection[int],
    spec: OffsetSpec,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
) -> Offsets:
    """Return an offset of each partition, also while leaders move. Raises TopicUnavailableError."""
    request = {TopicPartition(topic, partition): spec for partition in partitions}
    deadline = monotonic() + CALL_TIMEOUT
    while True:
        futures = admin.list_offsets(request, isolation_level=isolation, request_timeout=CALL_TIMEOUT)
        try:
            return {at.partition: future.result().offset for at, future in futures.items()}
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() not in LEADER_ERRORS or monotonic() > deadline:
                raise TopicUnavailableError(
                    f"The offsets of the topic {topic} cannot be read: {reason.str()}."
                ) from error
        sleep(LEADER_RETRY_INTERVAL)


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF
