"""The consumer of a worker: membership in the group, fetching, rewinding, and what it learns about the brokers.

Every Kafka callback runs inside ``fetch()``, ``serve()`` or ``close()``, while the calling thread waits, and never
raises: an exception out of a callback destroys the records that the same call had fetched. What goes wrong in one is
kept, and ``fetch()`` raises it.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from exactly_once.clients.authorization import READ_DENIED, not_authorized_to_read
from exactly_once.clients.bounded_calls import returned_within
from exactly_once.clients.broker_lookups import BrokerLookups
from exactly_once.clients.client_log import ClientLog
from exactly_once.clients.fatal_consumer_errors import fatal_consumer_error
from exactly_once.clients.partition_flow import PartitionFlow
from exactly_once.clients.producer_callbacks import CONNECTION_ERRORS
from exactly_once.clients.topic_comparison import TopicComparison
from exactly_once.config import ConsumerConfig
from exactly_once.core.connection_errors import connection_error, with_connection_error
from exactly_once.core.consumer_statistics import any_broker_is_up, stable_offsets
from exactly_once.core.group_metadata import names_a_member
from exactly_once.core.reasons import RebalanceEvent, WaitReason, kafka_error_name
from exactly_once.core.records import Partition
from exactly_once.core.rejected_credentials import RejectedCredentials
from exactly_once.core.signals import ConsumerLost
from exactly_once.observer import Observer

# After a metadata response without brokers, as a broker sends it that was frozen for a while, a client forgets even
# those to start from and may never connect again (librdkafka's issue 5301). From outside that looks like unavailable
# brokers: a new client shows which it is.
MAX_DISCONNECTED = 15.0  # seconds
# Records that one call drains from the client's queue: few enough that a fetch of large ones ends near its limit.
CHUNK = 500
# Seconds to wait until a client is closed. Where its group is rebalancing, or its brokers do not respond, it takes 5 s.
CLOSE_TIMEOUT = 30.0
# Seconds to wait for a record while another partition may be ready to be fetched at any moment.
UNSETTLED_WAIT = 0.02

log = logging.getLogger(__name__)


class InputConsumer:
    """One member of the consumer group; ``seen`` has the topics' ids that earlier members of this process have seen.

    ``rejections`` is told of brokers that reject the credentials.
    """

    def __init__(
        self,
        config: ConsumerConfig,
        observer: Observer,
        seen: dict[Partition, list[str]],
        rejections: RejectedCredentials,
    ) -> None:
        self.joined = False
        """Whether the group has assigned something to this member, be it nothing at all, since it last lost it."""
        self.credentials_error: str | None = None
        """What the broker or TLS said when it rejected our credentials, None while it has not."""
        self.connection_error: str | None = None
        """The last error of a connection to a broker, None while there was none."""
        self.trouble: str | None = None
        """Why nothing arrives although we are in the group, as far as the client knows."""
        self._config = config
        self._rejections = rejections
        self._observer = observer
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
        self.lookups = BrokerLookups(config)
        self.flow = PartitionFlow(config, observer, self._consumer, self.lookups, seen)
        self.topics = TopicComparison(self.lookups, self.flow)
        self._consumer.subscribe(
            list(config.input_topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def fetch(self, *, records: int, size: int, wait: float) -> list[Message]:
        """Records of partitions that are fetched now, after at most ``wait`` seconds for the first.

        Up to ``records`` of them; none is added once their values have ``size`` bytes.

        Waiting for a first record and then draining what is there, instead of ``consume(limit, wait)``, because
        ``consume`` lingers for its whole timeout unless it is filled.

        Raises:
            AuthorizationError, ConfigurationError, FencedError: see exactly_once.errors.
            ConsumerLost: go on with a new consumer.
        """
        try:
            # Callbacks before anything is assigned or unassigned, and one record at most: a callback that comes
            # meanwhile is served with the next records, before any is processed. What is left in the queue of a
            # partition that is set aside has no effect: once that goes on, it would pass the records before it.
            arrived = self._consumer.consume(1, 0)
            messages = self._received(arrived)
            self.flow.go_on()
            if not arrived:
                arrived = self._consumer.consume(1, wait if self._is_settled() else min(wait, UNSETTLED_WAIT))
                messages += arrived
            size -= sum(map(len, messages))
            while arrived and size > 0 and len(messages) < records:
                arrived = self._consumer.consume(min(CHUNK, records - len(messages)), 0)
                messages += arrived
                size -= sum(map(len, arrived))
        except KafkaException as failure:
            raise self._lost(failure.args[0]) from failure
        received = self._received(messages)
        if received:
            self.topics.begin()
        else:
            self.topics.compare_now_and_then()
        return received

    def serve(self) -> None:
        """Serve the callbacks and fetch nothing, while the worker waits for something else; raises as ``fetch``."""
        try:
            messages = self._consumer.consume(CHUNK, 0)
            self.flow.suspend()
        except KafkaException as failure:
            raise self._lost(failure.args[0]) from failure
        self._raise_failure()
        for message in messages:
            error = message.error()
            # Whatever else there is, such as a topic without a right to it, the worker waits for, or it comes again.
            if error is not None and error.code() in (KafkaError._FATAL, KafkaError.GROUP_AUTHORIZATION_FAILED):
                self._on_error_message(message, error)

    def rewind(self) -> None:
        """Fetch again from the positions: from the first record that no committed transaction has processed.

        Raises:
            ConsumerLost: a partition cannot be sought in; go on with a new consumer.
        """
        try:
            self.flow.rewind()
        except KafkaException as failure:
            raise self._lost(failure.args[0]) from failure

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """These offsets are committed: go on behind them."""
        self.trouble = None
        self.flow.advance(next_offsets)

    @property
    def unready_reason(self) -> str | None:
        """Why nothing is processed, as far as the consumer knows, None when something is; also for threads."""
        reason = self.trouble or (self.flow.assignment.standstill if self.joined else WaitReason.JOINING)
        return with_connection_error(reason, self.connection_error) if reason is not None else None

    @property
    def is_disconnected(self) -> bool:
        """True when no broker has been reached for so long that a new client is to try."""
        since = self._disconnected_since
        return since is not None and time.monotonic() - since > MAX_DISCONNECTED

    def group_metadata(self) -> bytes | None:
        """The group metadata to commit under, None while this member is not in a generation of the group."""
        metadata: bytes = self._consumer.consumer_group_metadata()
        return metadata if names_a_member(metadata) else None

    def commit(self, offsets: Sequence[TopicPartition]) -> None:
        """Commit offsets outside of any transaction, under this member's generation, and wait for the response.

        Raises:
            KafkaException: some of them are not committed.
        """
        for each in self._consumer.commit(offsets=list(offsets), asynchronous=False) or ():
            if each.error is not None:
                raise KafkaException(each.error)

    def close(self) -> None:
        """Leave the group, so that the others take over at once.

        A client that has asked its group for a place and is closed before it has served the response may wait for ever:
        its main thread may drop what the rebalance callback asks it for. Then the brokers notice that it is gone.
        """
        if not returned_within(CLOSE_TIMEOUT, self._consumer.close):
            log.error("consumer_not_closed", extra={"seconds": CLOSE_TIMEOUT})
        self.flow.drop(self.flow.assignment.partitions)  # a client with a fatal error makes no callback
        self.lookups.close()

    def _is_settled(self) -> bool:
        return self.joined and not self.flow.assignment.unsettled

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _received(self, messages: Sequence[Message]) -> list[Message]:
        self._raise_failure()
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            else:
                self._on_error_message(message, error)
        return self.flow.positions.due(records)

    def _on_error_message(self, message: Message, error: KafkaError) -> None:
        partition, code = (message.topic() or "", message.partition() or 0), error.code()
        if code == KafkaError._PARTITION_EOF:
            if self.flow.end_reached(partition, message.offset() or 0):
                self.trouble = None
        elif code == KafkaError._AUTO_OFFSET_RESET:
            if partition in self.flow.positions.fetched:
                self.flow.locate([partition])
        elif code in READ_DENIED:
            raise not_authorized_to_read(self._config, error)
        elif code == KafkaError._FATAL or error.fatal():
            raise self._lost(error)
        elif code == KafkaError.UNKNOWN_TOPIC_OR_PART and message.topic():
            self.trouble = WaitReason.TOPIC_MISSING.format(topic=message.topic())
        else:
            self.trouble = kafka_error_name(error.name())

    def _lost(self, error: KafkaError) -> ConsumerLost:
        """What to raise for an error that this client does not get over.

        Raises:
            AuthorizationError, ConfigurationError, FencedError: no other client would get over it either.
        """
        if error.code() == KafkaError._FATAL or error.fatal():
            return fatal_consumer_error(self._config, error)
        return ConsumerLost(kafka_error_name(error.name()))

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            # Nothing is fetched before its start is known; `PartitionFlow.go_on` then assigns it.
            consumer.incremental_assign([])
            self.flow.own(_named(partitions))
            self.joined, self.trouble = True, None
            self._observer.rebalanced(RebalanceEvent.ASSIGNED, _named(partitions))
        except Exception as error:
            self._failure = error

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._drop(consumer, partitions, RebalanceEvent.REVOKED)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = False
        self._drop(consumer, partitions, RebalanceEvent.LOST)

    def _drop(self, consumer: Consumer, partitions: list[TopicPartition], event: RebalanceEvent) -> None:
        try:
            fetched = self.flow.drop(_named(partitions))
            consumer.incremental_unassign([TopicPartition(*each) for each in fetched])
            self._observer.rebalanced(event, _named(partitions))
        except Exception as error:
            self._failure = error

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.credentials_error = error.str()
            self._rejections.rejected(error.str(), time.monotonic())
        if error.code() in CONNECTION_ERRORS:
            self.connection_error = connection_error(error.str())

    def _on_statistics(self, document: str) -> None:
        try:
            if self._config.on_consumer_statistics is not None:
                self._config.on_consumer_statistics(document)
            self._read_statistics(json.loads(document))
        except Exception:
            log.exception("consumer_statistics_failed")

    def _read_statistics(self, statistics: Mapping[str, Any]) -> None:
        self._rejections.saw(statistics)
        if not any_broker_is_up(statistics):
            self.trouble = WaitReason.BROKERS_UNREACHABLE
            self._disconnected_since = self._disconnected_since or time.monotonic()
        else:
            self._disconnected_since = None
            if self.trouble == WaitReason.BROKERS_UNREACHABLE:
                self.trouble = None
        fetched = self.flow.positions.fetched
        self.flow.positions.update_stable_offsets(
            {partition: offset for partition, offset in stable_offsets(statistics).items() if partition in fetched}
        )


def _named(partitions: Iterable[TopicPartition]) -> list[Partition]:
    return [(each.topic, each.partition) for each in partitions]
