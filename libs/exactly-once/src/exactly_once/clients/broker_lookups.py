"""Lookups in the brokers beside fetching and producing: topic ids, committed offsets, bounds of partitions.

None of it waits on the worker's thread: an unavailable broker must hold up only the partitions that need it.
"""

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from exactly_once.clients.authorization import READ_DENIED, not_authorized_to_read
from exactly_once.clients.renewed_admin import RenewedAdmin, response_of
from exactly_once.config import ConsumerConfig
from exactly_once.core.assignment import NotKnown
from exactly_once.core.offset_metadata import NO_ID
from exactly_once.core.reasons import WaitReason, kafka_error_name
from exactly_once.core.records import Partition
from exactly_once.core.start_offset import Bounds, Committed, Finding, is_new
from exactly_once.errors import WorkerError

REQUEST_TIMEOUT = 5.0  # seconds
# For the committed offsets of all partitions together, and of one, where those of some are not stable.
ALL_TIMEOUT, ONE_TIMEOUT = 2.0, 0.5  # seconds

log = logging.getLogger(__name__)

Findings = dict[Partition, Finding | NotKnown]


class BrokerLookups:
    """Lookups for the members of one group."""

    def __init__(self, config: ConsumerConfig) -> None:
        self._config = config
        self._admin = RenewedAdmin(config.admin_properties())
        # It never joins the group. An admin client's lookup of committed offsets is no way: where the coordinator has
        # moved, librdkafka takes that client for a consumer and crashes (rd_kafka_handle_OffsetFetch).
        self._reader = Consumer(config.reader_properties())

    def close(self) -> None:
        """End all lookups: their futures fail."""
        self._admin.close()

    def topic_ids(self) -> "TopicIds":
        """Begin to ask for the ids that the input topics have now."""
        topics = TopicCollection(list(self._config.input_topics))
        return TopicIds(self._admin.describe_topics(topics, REQUEST_TIMEOUT))

    def first_since(self, partition: Partition, timestamp: int) -> Future[Any]:
        """Begin to ask for the first record from a time on (milliseconds since the epoch): a ListOffsetsResultInfo."""
        each = TopicPartition(*partition)
        return self._admin.list_offsets({each: OffsetSpec.for_timestamp(timestamp)}, REQUEST_TIMEOUT)[each]

    def begin(self, partitions: Collection[Partition]) -> Future[Findings]:
        """Begin to look up where these partitions stand.

        The future raises AuthorizationError when an ACL is missing.
        """
        found: Future[Findings] = Future()

        def look_up() -> None:
            try:
                found.set_result(self.look_up(partitions))
            except WorkerError as error:  # the worker's thread raises it
                found.set_exception(error)
            except Exception:
                log.exception("lookup_failed")
                found.set_result(dict.fromkeys(partitions, NotKnown(WaitReason.OFFSETS)))

        # A daemon: a stop does not wait for it.
        Thread(target=look_up, name="broker-lookups", daemon=True).start()
        return found

    def look_up(self, partitions: Collection[Partition]) -> Findings:
        """Look up where these partitions stand, waiting for the brokers; raises as ``begin`` does."""
        try:
            described = self._describe({topic for topic, _number in partitions})
            # Of every partition: those of one topic together show whether the group has read it before.
            committed = self._committed(
                [(topic, number) for topic, (_, numbers) in described.items() for number in numbers]
            )
            present = [each for each in partitions if _is_in(described, each)]
            bounds = self._bounds(present)
        except KafkaException as failure:
            self._check_authorized(failure.args[0])
            return dict.fromkeys(partitions, NotKnown(kafka_error_name(failure.args[0].name())))
        of_topic: dict[str, list[Committed]] = {topic: [] for topic in described}
        unknown = {topic for (topic, _number), offset in committed.items() if isinstance(offset, NotKnown)}
        for (topic, _number), each_offset in committed.items():
            if isinstance(each_offset, Committed):
                of_topic[topic].append(each_offset)
        found: Findings = {}
        for each in partitions:
            offset, bound = committed.get(each), bounds.get(each)
            if bound is None:
                found[each] = NotKnown(WaitReason.TOPIC_MISSING.format(topic=each[0]))
            elif isinstance(bound, NotKnown):
                found[each] = bound
            elif isinstance(offset, NotKnown):
                found[each] = offset
            else:
                topic, number = each
                topic_id, numbers = described[topic]
                found[each] = Finding(
                    offset,
                    bound,
                    topic_id,
                    known_topic=bool(of_topic[topic]) or topic in unknown,
                    is_new=None if topic in unknown else is_new(number, topic_id, of_topic[topic]),
                    partitions=len(numbers),
                )
        return found

    def committed(self, partitions: Collection[Partition]) -> dict[Partition, Committed | NotKnown | None]:
        """What the group has committed for those of these partitions that there are, waiting for the brokers.

        Raises:
            AuthorizationError: an ACL is missing.
        """
        try:
            described = self._describe({topic for topic, _number in partitions})
        except KafkaException as failure:
            self._check_authorized(failure.args[0])
            return dict.fromkeys(partitions, NotKnown(kafka_error_name(failure.args[0].name())))
        return self._committed([each for each in partitions if _is_in(described, each)])

    def _describe(self, topics: Iterable[str]) -> dict[str, tuple[str | None, set[int]]]:
        """Id and partition numbers of each topic that there is."""
        futures = self._admin.describe_topics(TopicCollection(sorted(topics)), REQUEST_TIMEOUT)
        found = {}
        for topic, future in futures.items():
            try:
                description = response_of(future)
            except KafkaException as failure:
                if failure.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                found[topic] = (_topic_id(description), {each.id for each in description.partitions})
        return found

    def _committed(self, asked: Collection[Partition]) -> dict[Partition, Committed | NotKnown | None]:
        """What the group has committed for each of these partitions, None where it has nothing.

        An offset that a transaction may still change is not known (KIP-447).
        """
        try:
            return self._read_committed(asked, ALL_TIMEOUT) if asked else {}
        except KafkaException as failure:
            self._check_authorized(failure.args[0])
        # One call repeats the request until the offsets of all its partitions are stable: look each up by itself.
        found: dict[Partition, Committed | NotKnown | None] = dict.fromkeys(asked, NotKnown(WaitReason.OFFSETS))
        deadline = time.monotonic() + REQUEST_TIMEOUT
        for each in asked:
            if time.monotonic() > deadline:
                break
            try:
                found |= self._read_committed([each], ONE_TIMEOUT)
            except KafkaException as failure:
                self._check_authorized(failure.args[0])
        return found

    def _read_committed(
        self, partitions: Iterable[Partition], timeout: float
    ) -> dict[Partition, Committed | NotKnown | None]:
        found: dict[Partition, Committed | NotKnown | None] = {}
        for each in self._reader.committed([TopicPartition(*partition) for partition in partitions], timeout):
            if each.error is not None:
                raise KafkaException(each.error)
            found[each.topic, each.partition] = (
                Committed(each.offset, each.metadata or "") if each.offset >= 0 else None
            )
        return found

    def _bounds(self, partitions: Iterable[Partition]) -> dict[Partition, Bounds | NotKnown]:
        asked = [TopicPartition(topic, number) for topic, number in partitions]
        if not asked:
            return {}
        earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        by_bound = [
            self._admin.list_offsets(dict.fromkeys(asked, spec), REQUEST_TIMEOUT, isolation)
            for spec, isolation in (
                (earliest, IsolationLevel.READ_UNCOMMITTED),
                (latest, IsolationLevel.READ_UNCOMMITTED),
                (latest, IsolationLevel.READ_COMMITTED),
            )
        ]
        found: dict[Partition, Bounds | NotKnown] = {}
        for each in asked:
            try:
                offsets = [response_of(futures[each]).offset for futures in by_bound]
                found[each.topic, each.partition] = Bounds(*offsets)
            except KafkaException as failure:
                self._check_authorized(failure.args[0])
                found[each.topic, each.partition] = NotKnown(kafka_error_name(failure.args[0].name()))
        return found

    def _check_authorized(self, error: KafkaError) -> None:
        if error.code() in READ_DENIED:
            raise not_authorized_to_read(self._config, error)


class TopicIds:
    """Ids of topics that are being asked for."""

    def __init__(self, futures: Mapping[str, Future[Any]]) -> None:
        self._futures = futures

    @property
    def done(self) -> bool:
        """True when ``result`` does not wait."""
        return all(future.done() for future in self._futures.values())

    def result(self, timeout: float) -> dict[str, str | None]:
        """The id of each topic that there is, None where it has none; waits at most so many seconds.

        Raises:
            KafkaException: the brokers do not say.
            TimeoutError: no response so far.
        """
        found = {}
        for topic, future in self._futures.items():
            try:
                found[topic] = _topic_id(response_of(future, timeout))
            except KafkaException as failure:
                if failure.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return found


def _is_in(described: Mapping[str, tuple[str | None, set[int]]], partition: Partition) -> bool:
    topic, number = partition
    return topic in described and number in described[topic][1]


def _topic_id(description: Any) -> str | None:
    found = str(description.topic_id)
    return None if found == NO_ID else found
