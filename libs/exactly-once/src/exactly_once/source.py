"""The consuming half: assignment, own bookkeeping of positions, rewinding, and lag.

Every Kafka callback runs inside ``fetch()`` or ``close()`` on the calling thread and never raises: an exception out
of a callback destroys the records that the same call had fetched. What goes wrong in one is kept, and ``fetch()``
raises it.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from exactly_once.client_log import ClientLog
from exactly_once.config import WorkerConfig
from exactly_once.errors import ClientFailed, NotAuthorized, OffsetOutOfRange
from exactly_once.observer import Observer
from exactly_once.reactions import reason_of
from exactly_once.stopping import StopFlag

Partition: TypeAlias = tuple[str, int]

# How long a new owner waits for the group's committed offsets: a dead predecessor's transaction
# keeps them unstable until the broker aborts it (its timeout plus the coordinator's 10 s sweep).
COMMITTED_TIMEOUT = 30.0
# No signal handler and no stop is noticed inside a call of librdkafka.
SLICE = 1.0

log = logging.getLogger(__name__)

BROKERS_AWAY = "no broker can be reached"
# A client that an answer told of no brokers, as one frozen for a while does, forgets even those to start from and may
# never connect again (librdkafka's issue 5301). From outside it looks like brokers that are away: a new client tells.
CUT_OFF_AFTER = 15.0


class Source:
    """One consumer in the group; ``positions`` is the next offset to process of each partition assigned now."""

    def __init__(self, config: WorkerConfig, observer: Observer, stopping: StopFlag) -> None:
        self.positions: dict[Partition, int] = {}
        self.joined = False
        self.refusal: str | None = None
        """What the broker or TLS said when it refused our credentials, None while it has not."""
        self.trouble: str | None = None
        """Why nothing arrives although we are in the group, as far as the client tells."""
        self._config = config
        self._observer = observer
        self._stopping = stopping
        self._away_since: float | None = None
        self._failure: BaseException | None = None
        self._stable_offsets: dict[Partition, int] = {}
        self._ends: dict[Partition, int] = {}
        self._consumer = Consumer(
            {
                **config.consumer_properties(),
                "logger": ClientLog(config.logger),
                "error_cb": self._on_error,
                "stats_cb": self._on_statistics,
            }
        )
        self._consumer.subscribe(
            list(config.input_topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def fetch(self, limit: int, wait: float) -> list[Message]:
        """Up to ``limit`` records of partitions assigned now, after at most ``wait`` seconds for the first.

        Waiting for a first record and then draining what is there, instead of ``consume(limit, wait)``, because
        ``consume`` lingers for its whole timeout unless it is filled.

        Raises:
            OffsetOutOfRange, NotAuthorized, ClientFailed: see exactly_once.errors.
            KafkaException: what had been fetched may be lost with it; go on with a new Source.
        """
        messages = self._consumer.consume(1, wait)
        if messages and limit > 1:
            messages += self._consumer.consume(limit - 1, 0)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return [message for message in messages if self._is_due(message)]

    def _is_due(self, message: Message) -> bool:
        partition = (message.topic() or "", message.partition() or 0)
        error = message.error()
        if error is not None:
            self._take_error(partition, message, error)
            return False
        position = self.positions.get(partition)
        # Not ours (any more), or already processed: neither may reach a transaction.
        return position is not None and (message.offset() or 0) >= position

    def _take_error(self, partition: Partition, message: Message, error: KafkaError) -> None:
        code = error.code()
        if code == KafkaError._PARTITION_EOF:
            if partition in self.positions:
                self.trouble = None
                self._ends[partition] = self._stable_offsets[partition] = message.offset() or 0
        elif code == KafkaError._AUTO_OFFSET_RESET:
            topic, number = partition
            raise OffsetOutOfRange(
                f"the committed offset of group {self._config.group_id} for {topic}[{number}] is not in the topic"
                f" any more ({error.str()}); going on would lose or repeat records: set the group's offset by hand,"
                " then start again"
            )
        elif code in (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
        ):
            raise self._not_authorized(error)
        elif error.fatal():
            raise ClientFailed(f"the consumer failed: {error.str()}")
        else:
            self.trouble = reason_of(error.name())

    def _not_authorized(self, error: KafkaError) -> NotAuthorized:
        return NotAuthorized(
            f"not authorized to read: {error.str()}; grant Read and Describe on topics"
            f" {', '.join(self._config.input_topics)} and Read on group {self._config.group_id}"
        )

    def rewind(self) -> None:
        """Read again from the positions: from the first record that no committed transaction has processed.

        Raises:
            KafkaException: a partition was assigned only now and cannot be sought in yet; go on with a new Source.
        """
        self._ends.clear()
        for (topic, partition), offset in self.positions.items():
            self._consumer.seek(TopicPartition(topic, partition, offset))

    def rewind_to_committed(self, deadline: float) -> None:
        """Read again from what the group has committed, after a commit whose outcome is not known.

        Raises:
            KafkaException: the committed offsets could not be had by ``deadline`` (monotonic seconds).
        """
        partitions = [TopicPartition(topic, partition) for topic, partition in self.positions]
        for start in self._starts(partitions, deadline):
            self.positions[(start.topic, start.partition)] = start.offset
        self.rewind()

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """These offsets are committed: go on behind them."""
        self.trouble = None
        self.positions.update(next_offsets)

    @property
    def is_cut_off(self) -> bool:
        """Whether no broker has been reached for so long that a new client is to try."""
        return self._away_since is not None and time.monotonic() - self._away_since > CUT_OFF_AFTER

    def group_metadata(self) -> bytes | None:
        """The group metadata to commit under, None while this member is not in a generation of the group.

        A classic group accepts an offset commit that names no member and no generation without any check, so
        such metadata would bypass fencing (KIP-447). librdkafka's form: ``CGMDv2:``, the generation as a
        native 32-bit integer, group id, NUL, member id, NUL, instance id.
        """
        metadata: bytes = self._consumer.consumer_group_metadata()
        header = len(b"CGMDv2:")
        generation = int.from_bytes(metadata[header : header + 4], "little", signed=True)
        _group, _, rest = metadata[header + 4 :].partition(b"\0")
        member = rest.partition(b"\0")[0]
        return metadata if generation >= 0 and member else None

    def lag(self) -> dict[Partition, int]:
        """Records behind the last stable offset, by partition; call it with no record in hand.

        At the end of a partition it is 0 whatever control records follow the last record: the end that the
        broker tells lies behind them, and nothing before it is left to process.
        """
        for partition, end in self._ends.items():
            self.positions[partition] = max(self.positions[partition], end)
        self._ends.clear()
        return {
            partition: max(0, self._stable_offsets[partition] - position)
            for partition, position in self.positions.items()
            if partition in self._stable_offsets
        }

    def close(self) -> None:
        """Leave the group, so that the others take over at once."""
        self._consumer.close()

    def _starts(self, partitions: Sequence[TopicPartition], deadline: float) -> list[TopicPartition]:
        """Where each partition starts: its committed offset, or the earliest record where there is none."""
        if not partitions:
            return []
        found = self._committed(partitions, deadline)
        for each in found:
            if each.offset < 0:
                each.offset = self._earliest(each, deadline)
        return found

    def _committed(self, partitions: Sequence[TopicPartition], deadline: float) -> list[TopicPartition]:
        while True:
            try:
                found = self._consumer.committed(list(partitions), timeout=min(SLICE, _left(deadline)))
                failed = next((each.error for each in found if each.error is not None), None)
                if failed is None:
                    return found
                raise KafkaException(failed)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise self._not_authorized(error.args[0]) from error
                if time.monotonic() >= deadline:
                    raise
                # A coordinator that moves or still settles a transaction answers at once: ask again, not at once.
                if self._stopping.wait(0.1):
                    raise

    def _earliest(self, partition: TopicPartition, deadline: float) -> int:
        low, _high = self._consumer.get_watermark_offsets(partition, timeout=_left(deadline))
        return low

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            starts = self._starts(partitions, time.monotonic() + COMMITTED_TIMEOUT)
            self.positions.update({(each.topic, each.partition): each.offset for each in starts})
            consumer.incremental_assign(starts)
            self.joined = True
            self._observer.rebalanced("assigned", _named(partitions))
        except Exception as error:
            self._failure = error

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._drop(consumer, partitions, "revoked")

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._drop(consumer, partitions, "lost")

    def _drop(self, consumer: Consumer, partitions: list[TopicPartition], event: str) -> None:
        try:
            for partition in _named(partitions):
                self.positions.pop(partition, None)
                self._ends.pop(partition, None)
                self._stable_offsets.pop(partition, None)
            consumer.incremental_unassign(partitions)
            self._observer.rebalanced(event, _named(partitions))
        except Exception as error:
            self._failure = error

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.refusal = error.str()

    def _on_statistics(self, document: str) -> None:
        try:
            if self._config.on_consumer_statistics is not None:
                self._config.on_consumer_statistics(document)
            self._take_statistics(json.loads(document))
        except Exception:
            log.exception("statistics of the consumer could not be taken in")

    def _take_statistics(self, statistics: Mapping[str, Any]) -> None:
        if not any(broker["state"] == "UP" for broker in statistics["brokers"].values()):
            self.trouble = BROKERS_AWAY
            self._away_since = self._away_since or time.monotonic()
        else:
            self._away_since = None
            if self.trouble == BROKERS_AWAY:
                self.trouble = None
        for topic, about_topic in statistics["topics"].items():
            for partition, about in about_topic["partitions"].items():
                key = (topic, int(partition))
                if key in self.positions and about["ls_offset"] >= 0:
                    self._stable_offsets[key] = about["ls_offset"]


def _named(partitions: Iterable[TopicPartition]) -> list[Partition]:
    return [(each.topic, each.partition) for each in partitions]


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
