"""At least once, in order, into a system outside Kafka: consume, hand over, then commit the offsets.

SinkWorker(SinkConfig(input_topics=["zones"], group_id="zones-to-db", connection=...), write).run()
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from confluent_kafka import KafkaException, Message

from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.config import ConsumerConfig
from exactly_once.core.batching import backoff
from exactly_once.core.client_properties import Properties, Value
from exactly_once.core.connection_errors import connection_error, with_connection_error
from exactly_once.core.reasons import AbortReason, KafkaErrorName, Reason, WaitReason, kafka_error_name
from exactly_once.core.records import InputRecord, Partition
from exactly_once.core.rejected_records import record_id
from exactly_once.core.signals import ConsumerLost
from exactly_once.errors import ConfigurationError, FatalClientError
from exactly_once.event_log import EventLog
from exactly_once.observer import Observer
from exactly_once.observers import Observers
from exactly_once.status import State, Status
from exactly_once.stop_flag import StopFlag
from exactly_once.watchdog import DEFAULT_LIMIT, Watchdog

# How long to wait for the brokers to say that a topic is still the one that was read.
VERIFY_TIMEOUT = 10.0  # seconds

log = logging.getLogger(__name__)


class WriteReason(Reason):
    """Reasons of a sink worker itself for writing records again."""

    FAILED = (
        "write_failed",
        "`write` raised an exception, which the log has; its records are written again.",
        "Look at the system that is written to. What it can never take has to be dropped by `write` itself.",
    )


@dataclass(frozen=True, kw_only=True)
class SinkConfig(ConsumerConfig):
    """One member of a group that writes into a system outside Kafka.

    ``limits`` are the records and bytes of one ``write``; its ``max_age`` is of no use here.

    Raises:
        ValueError: a value that no worker could run with; the text names it.
    """

    def consumer_properties(self) -> dict[str, Value]:
        """The consumer's whole configuration, without callbacks."""
        # A commit waits for its response: no longer than the watchdog does.
        return {"socket.timeout.ms": 10_000, **super().consumer_properties()}


class SinkWorker:
    """Hands records to ``write``, each at least once, those of a partition in order.

    ``write`` returns when its records are stored, and stores them again when it is called with them again: after an
    exception of its own, a rebalance or a crash. An idempotent write, such as an upsert by topic, partition and offset,
    makes that effectively once. It must take less than the ``watchdog``'s seconds; that and the rest are as for
    ``Worker``.
    """

    def __init__(
        self,
        config: SinkConfig,
        write: Callable[[Sequence[InputRecord]], None],
        *,
        observer: Observer | None = None,
        watchdog: float | None = DEFAULT_LIMIT,
    ) -> None:
        self.config = config
        self._write = write
        self._observer = Observers(EventLog() if observer is None else observer)
        self._status = Status(self._observer)
        self._watchdog = Watchdog(watchdog)
        self._stopping = StopFlag()
        self._failures_in_a_row = 0
        self._reported_at = 0.0
        self._consumers: ConsumerSession  # made by run(): a consumer joins its group as soon as it exists

    @property
    def state(self) -> State:
        """State of the worker."""
        return self._status.state

    @property
    def progress_age(self) -> float:
        """Seconds since the loop last made progress; for a liveness probe."""
        return self._watchdog.age

    @property
    def progress_limit(self) -> float | None:
        """Seconds without progress after which the watchdog ends the process, None without one."""
        return self._watchdog.limit

    @property
    def unready_reason(self) -> str | None:
        """Why the worker is not processing, None when it is; for a readiness probe."""
        if self.state in (State.STARTING, State.STOPPED):
            return self._status.reason
        consumer = self._consumers.consumer
        if (rejection := self._consumers.rejections.lasting(time.monotonic())) is not None:
            return f"{WaitReason.CREDENTIALS_REJECTED}: {connection_error(rejection)}"
        if self.state is State.WAITING:
            return with_connection_error(self._status.reason, consumer.connection_error)
        return consumer.unready_reason

    @property
    def set_aside(self) -> Mapping[Partition, str]:
        """Partitions that are halted, while the others are processed, each with the reason."""
        if self.state in (State.STARTING, State.STOPPED):
            return {}
        troubles = self._consumers.consumer.flow.assignment.troubles
        return {partition: trouble.reason for partition, trouble in troubles.items()}

    @property
    def assigned_partitions(self) -> int:
        """Number of partitions that the group has assigned to this worker."""
        if self.state in (State.STARTING, State.STOPPED):
            return 0
        return len(self._consumers.consumer.flow.assignment.partitions)

    def reconnect(self, connection: Properties, *, consumer: Properties = MappingProxyType({})) -> None:
        """Go on with new clients that have these properties, between two writes; see ``Worker.reconnect``."""
        self.config = replace(self.config, connection=connection, consumer=consumer)

    def stop(self) -> None:
        """Finish the current write, leave the group, return from ``run()``. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until ``stop()``.

        Raises:
            WorkerError: the worker cannot go on by itself; see exactly_once.errors.
        """
        try:
            self._consumers = ConsumerSession(lambda: self.config, self._observer, self._stopping)
        except KafkaException as failure:
            self._status.stopped()
            raise ConfigurationError(failure.args[0].str()) from failure
        try:
            while not self._stopping.is_set():
                self._step()
        except KafkaException as failure:
            raise FatalClientError(f"a client cannot be made or used any more: {failure.args[0].str()}") from failure
        finally:
            self._status.stopped()
            self._watchdog.progress()
            self._consumers.close()
            self._watchdog.disarm()

    def _step(self) -> None:
        """Fetch once, write what has arrived, commit."""
        self._watchdog.progress()
        self._consumers.replace_if_outdated()
        limits, consumer = self.config.limits, self._consumers.consumer
        try:
            records = consumer.fetch(records=limits.max_records, size=limits.max_bytes, wait=self.config.idle)
        except ConsumerLost as lost:
            self._consumers.replace()
            self._back_off(lost.cause)
            return
        consumer.flow.take_restarted()  # nothing is remembered of records
        if records:
            self._process(records)
        else:
            if consumer.trouble is not None and not consumer.joined:
                self._status.waiting(consumer.trouble)
            else:
                self._status.running()
            self._consumers.check_credentials()
            self._consumers.replace_if_disconnected()
        self._report()

    def _process(self, records: Sequence[Message]) -> None:
        started = time.monotonic()
        try:
            self._write(records)
        except Exception:
            log.exception("write_failed", extra={"records": len(records)})
            self._retry(WriteReason.FAILED, len(records))
            return
        self._watchdog.progress()
        next_offsets = {(topic, number): offset + 1 for topic, number, offset in map(record_id, records)}
        failure = self._commit(next_offsets, needed=next_offsets)
        if failure is not None:
            self._retry(failure, len(records))
            return
        self._failures_in_a_row = 0
        self._status.running()
        self._observer.committed(records, outputs=0, seconds=time.monotonic() - started)

    def _commit(
        self, next_offsets: Mapping[Partition, int], *, needed: Collection[Partition]
    ) -> AbortReason | KafkaErrorName | None:
        """Commit offsets under the member's generation; returns why that failed, None when it did not.

        Offsets of topics that are not the same any more are left out; if one is ``needed``, nothing is committed.
        """
        consumer = self._consumers.consumer
        if consumer.group_metadata() is None:
            return AbortReason.NOT_IN_GROUP
        offsets = consumer.flow.offsets(next_offsets)
        try:
            same = consumer.topics.same(next_offsets, VERIFY_TIMEOUT)
        except (KafkaException, TimeoutError):
            return AbortReason.INPUT_TOPIC_UNVERIFIED
        if not same.issuperset(needed):
            return AbortReason.INPUT_TOPIC_RECREATED
        offsets = [each for each in offsets if (each.topic, each.partition) in same]
        try:
            if offsets:
                consumer.commit(offsets)
        except KafkaException as failure:
            return kafka_error_name(failure.args[0].name())
        consumer.advance({each: next_offsets[each] for each in same})
        return None

    def _retry(self, reason: str, records: int) -> None:
        """Fetch what was not committed again, after a wait unless it is the first failure in a row."""
        self._observer.aborted(reason, records=records)
        self._consumers.rewind()
        if self._failures_in_a_row > 0 or reason is WriteReason.FAILED:
            self._back_off(reason)
        else:
            self._failures_in_a_row += 1

    def _back_off(self, reason: str) -> None:
        self._watchdog.progress()
        self._status.waiting(reason)
        self._stopping.wait(backoff(self._failures_in_a_row))
        self._failures_in_a_row += 1

    def _report(self) -> None:
        """Report the lag, and commit positions behind control records: then the lag of others reads 0, too."""
        if time.monotonic() - self._reported_at < self.config.lag_interval:
            return
        self._consumers.consumer.flow.pass_control_records()
        positions = self._consumers.consumer.flow.positions
        self._observer.lag(positions.lag())
        uncommitted = positions.uncommitted()
        if uncommitted and self._consumers.consumer.joined:
            self._consumers.consumer.topics.begin()
            failure = self._commit(uncommitted, needed=())
            if failure is not None:
                self._retry(failure, 0)
        self._reported_at = time.monotonic()
