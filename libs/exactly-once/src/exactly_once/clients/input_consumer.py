"""The consumer of a worker: assignment, fetching, rewinding, and what it learns about the brokers.

Every Kafka callback runs inside ``fetch()`` or ``close()`` on the calling thread and never raises: an exception out
of a callback destroys the records that the same call had fetched. What goes wrong in one is kept, and ``fetch()``
raises it.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from exactly_once.clients.authorization import READ_DENIED, not_authorized_to_read
from exactly_once.clients.client_log import ClientLog
from exactly_once.clients.start_offsets import StartOffsets
from exactly_once.config import WorkerConfig
from exactly_once.core.consumer_statistics import any_broker_is_up, stable_offsets
from exactly_once.core.group_metadata import names_a_member
from exactly_once.core.positions import Positions
from exactly_once.core.reasons import KafkaErrorName, RebalanceEvent, WaitReason, kafka_error_name
from exactly_once.core.records import Partition
from exactly_once.core.signals import ConsumerLost
from exactly_once.errors import FatalClientError, OffsetOutOfRangeError
from exactly_once.observer import Observer
from exactly_once.stop_flag import StopFlag

# After a metadata response without brokers, as a broker sends it that was frozen for a while, a client forgets even
# those to start from and may never connect again (librdkafka's issue 5301). From outside that looks like unavailable
# brokers: a new client shows which it is.
MAX_DISCONNECTED = 15.0  # seconds

log = logging.getLogger(__name__)


class InputConsumer:
    """One member of the consumer group."""

    def __init__(self, config: WorkerConfig, observer: Observer, stopping: StopFlag) -> None:
        self.positions = Positions()
        self.joined = False
        self.credentials_error: str | None = None
        """What the broker or TLS said when it rejected our credentials, None while it has not."""
        self.trouble: WaitReason | KafkaErrorName | None = None
        """Why nothing arrives although we are in the group, as far as the client knows."""
        self._config = config
        self._observer = observer
        self._start_offsets = StartOffsets(config, stopping)
        self._disconnected_since: float | None = None
        self._failure: BaseException | None = None
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
            OffsetOutOfRangeError, AuthorizationError, FatalClientError: see exactly_once.errors.
            ConsumerLost: go on with a new consumer.
        """
        try:
            messages = self._consumer.consume(1, wait)
            if messages and limit > 1:
                messages += self._consumer.consume(limit - 1, 0)
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            return self.positions.due(self._without_errors(messages))
        except KafkaException as failure:
            raise _lost(failure) from failure

    def rewind(self) -> None:
        """Fetch again from the positions: from the first record that no committed transaction has processed.

        Raises:
            ConsumerLost: a partition was assigned only now and cannot be sought in yet; go on with a new consumer.
        """
        self.positions.rewound()
        try:
            for (topic, partition), offset in self.positions.offsets.items():
                self._consumer.seek(TopicPartition(topic, partition, offset))
        except KafkaException as failure:
            raise _lost(failure) from failure

    def rewind_to_committed(self) -> None:
        """Fetch again from what the group has committed, after a commit whose outcome is not known.

        Raises:
            ConsumerLost: the committed offsets could not be read within 30 s; go on with a new consumer.
        """
        partitions = [TopicPartition(topic, partition) for topic, partition in self.positions.offsets]
        try:
            self.positions.assign(_offsets(self._start_offsets.of(self._consumer, partitions)))
        except KafkaException as failure:
            raise _lost(failure) from failure
        self.rewind()

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """These offsets are committed: go on behind them."""
        self.trouble = None
        self.positions.advance(next_offsets)

    @property
    def is_disconnected(self) -> bool:
        """True when no broker has been reached for so long that a new client is to try."""
        since = self._disconnected_since
        return since is not None and time.monotonic() - since > MAX_DISCONNECTED

    def group_metadata(self) -> bytes | None:
        """The group metadata to commit under, None while this member is not in a generation of the group."""
        metadata: bytes = self._consumer.consumer_group_metadata()
        return metadata if names_a_member(metadata) else None

    def close(self) -> None:
        """Leave the group, so that the others take over at once."""
        self._consumer.close()

    def _without_errors(self, messages: Sequence[Message]) -> list[Message]:
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            else:
                self._on_error_message(message, error)
        return records

    def _on_error_message(self, message: Message, error: KafkaError) -> None:
        partition, code = (message.topic() or "", message.partition() or 0), error.code()
        if code == KafkaError._PARTITION_EOF:
            if partition in self.positions.offsets:
                self.trouble = None
                self.positions.end_reached(partition, message.offset() or 0)
        elif code == KafkaError._AUTO_OFFSET_RESET:
            topic, number = partition
            raise OffsetOutOfRangeError(
                f"the committed offset of group {self._config.group_id} for {topic}[{number}] is not in the topic"
                f" any more ({error.str()}); going on would lose or repeat records: set the group's offset by hand,"
                " then start again"
            )
        elif code in READ_DENIED:
            raise not_authorized_to_read(self._config, error)
        elif error.fatal():
            raise FatalClientError(f"the consumer failed: {error.str()}")
        else:
            self.trouble = kafka_error_name(error.name())

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            starts = self._start_offsets.of(consumer, partitions)
            self.positions.assign(_offsets(starts))
            # These objects, which carry the leader's epoch of a committed offset (KIP-320).
            consumer.incremental_assign(starts)
            self.joined = True
            self._observer.rebalanced(RebalanceEvent.ASSIGNED, _named(partitions))
        except Exception as error:
            self._failure = error

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._drop(consumer, partitions, RebalanceEvent.REVOKED)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._drop(consumer, partitions, RebalanceEvent.LOST)

    def _drop(self, consumer: Consumer, partitions: list[TopicPartition], event: RebalanceEvent) -> None:
        try:
            self.positions.drop(_named(partitions))
            consumer.incremental_unassign(partitions)
            self._observer.rebalanced(event, _named(partitions))
        except Exception as error:
            self._failure = error

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.credentials_error = error.str()

    def _on_statistics(self, document: str) -> None:
        try:
            if self._config.on_consumer_statistics is not None:
                self._config.on_consumer_statistics(document)
            self._read_statistics(json.loads(document))
        except Exception:
            log.exception("consumer_statistics_failed")

    def _read_statistics(self, statistics: Mapping[str, Any]) -> None:
        if not any_broker_is_up(statistics):
            self.trouble = WaitReason.BROKERS_UNREACHABLE
            self._disconnected_since = self._disconnected_since or time.monotonic()
        else:
            self._disconnected_since = None
            if self.trouble == WaitReason.BROKERS_UNREACHABLE:
                self.trouble = None
        self.positions.update_stable_offsets(stable_offsets(statistics))


def _named(partitions: Iterable[TopicPartition]) -> list[Partition]:
    return [(each.topic, each.partition) for each in partitions]


def _offsets(partitions: Iterable[TopicPartition]) -> dict[Partition, int]:
    return {(each.topic, each.partition): each.offset for each in partitions}


def _lost(failure: KafkaException) -> ConsumerLost:
    return ConsumerLost(kafka_error_name(failure.args[0].name()))
