"""The loop: fetch, run transactions, and retry what fails.

One process is one consumer and one transactional producer. No transaction is open across ``fetch()``, so every
rebalance callback runs with nothing in flight, and a revoked or lost partition needs no transactional work.
docs/states.md shows the states.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from confluent_kafka import KafkaException, Message

from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.clients.promise_check import PromiseCheck
from exactly_once.clients.window_reader import WindowReader
from exactly_once.config import WorkerConfig
from exactly_once.core.batch_processor import Batch, BatchProcessor
from exactly_once.core.batching import backoff
from exactly_once.core.client_properties import Properties
from exactly_once.core.connection_errors import connection_error, with_connection_error
from exactly_once.core.dead_letter_breaker import DeadLetterBreaker
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.deduplication import Deduplicator
from exactly_once.core.reasons import AbortCause, AbortReason, KafkaErrorName, WaitReason
from exactly_once.core.records import InputRecord, Partition, Transform
from exactly_once.core.rejected_records import REJECTS_A_RECORD, RejectedRecordSearch
from exactly_once.core.signals import ConsumerLost, ProducerLost, StopRequested, TransactionAborted
from exactly_once.errors import ConfigurationError, FatalClientError
from exactly_once.event_log import EventLog
from exactly_once.observer import Observer
from exactly_once.observers import Observers
from exactly_once.status import State, Status
from exactly_once.stop_flag import StopFlag
from exactly_once.transaction_runner import TransactionRunner
from exactly_once.watchdog import DEFAULT_LIMIT, Watchdog

# A member that does not fetch for max.poll.interval.ms (300 s) is put out of its group.
MAX_FETCH_INTERVAL = 60.0  # seconds

# A call of the client that takes longer than a transaction may is one that waits without a limit.
MAX_SILENCE = 5.0  # seconds

T = TypeVar("T")

NONE: Properties = MappingProxyType({})


class Worker:
    """Turns records of the input topics into output records, each exactly once.

    ``run()`` blocks until ``stop()``; call it on the main thread where signals matter.
    ``look_ahead`` is called with a record for which the transform raised ``Unavailable``, and with what was fetched
    behind it in its partition: begin to get what they lack, and do not wait for it.
    ``observer`` receives its events; without one they are logged (``EventLog``).
    ``watchdog`` seconds without progress end the process. Give None where the process is not the worker's own, or where
    several workers share one: its timer is ``faulthandler``'s, of which a process has one.

    Raises:
        ValueError: the watchdog would end workers that only wait.
    """

    def __init__(
        self,
        config: WorkerConfig,
        transform: Transform,
        *,
        look_ahead: Callable[[Sequence[InputRecord]], None] | None = None,
        observer: Observer | None = None,
        watchdog: float | None = DEFAULT_LIMIT,
    ) -> None:
        if watchdog is not None and watchdog < (least := 2 * config.transaction_timeout + 40):
            raise ValueError(
                f"watchdog is {watchdog:g} s; with transaction_timeout at {config.transaction_timeout:g} s it takes at"
                f" least {least:g} s, or it ends workers that only wait"
            )
        self.config = config
        self._look_ahead = look_ahead
        self._observer = Observers(EventLog() if observer is None else observer)
        self._status = Status(self._observer)
        self._watchdog = Watchdog(watchdog)
        self._stopping = StopFlag()
        self._failures_in_a_row = 0
        self._served_meanwhile = False
        """Whether partitions may have been lost, or suspended, since the records at hand were fetched."""
        self._reported_at = 0.0
        self._rejection_told: str | None = None
        self._promise_check = PromiseCheck(self._current_config, self._observer)
        self._search = RejectedRecordSearch(config.limits.max_records)
        self._breaker = DeadLetterBreaker(config.breaker)
        self._deduplicator: Deduplicator | None = None
        self._windows: WindowReader | None = None
        if (policy := config.deduplication) is not None:
            self._windows = WindowReader(self._current_config, policy, lambda: self._consumers.consumer.lookups)
            self._deduplicator = Deduplicator(policy, self._windows.begin)
        self._processor = BatchProcessor(
            transform,
            limits=config.limits,
            dead_letters=DeadLetterTopic(
                config.dead_letter_topic,
                config.dead_letter_header_prefix,
                worker=config.dead_letter_worker or config.transactional_id,
                version=config.dead_letter_version,
            )
            if config.dead_letter_topic is not None
            else None,
            search=self._search,
            deduplicator=self._deduplicator,
        )
        # Made by run(): a consumer joins its group as soon as it exists.
        self._producers: ProducerSession
        self._consumers: ConsumerSession
        self._transactions: TransactionRunner

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
        if (rejection := self._rejection()) is not None:
            return f"{WaitReason.CREDENTIALS_REJECTED}: {rejection}"
        if self.progress_age > self.config.transaction_timeout + MAX_SILENCE:
            return WaitReason.CALL_PENDING
        consumer = self._consumers.consumer
        if self.state is State.WAITING:
            errors = (self._producers.producer.callbacks.connection_error, consumer.connection_error)
            return with_connection_error(self._status.reason, errors[0] or errors[1])
        return consumer.unready_reason

    @property
    def set_aside(self) -> Mapping[Partition, str]:
        """Partitions that wait or are halted, while the others are processed, each with the reason."""
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

    def reconnect(self, connection: Properties, *, consumer: Properties = NONE, producer: Properties = NONE) -> None:
        """Go on with new clients that have these properties, in place of those in ``config``: between two transactions.

        For credentials and certificates that were replaced, which librdkafka does not follow. The clients leave the
        group and join it again; nothing is lost, and nothing doubled. Safe in any thread, also while the worker waits
        because the old credentials are rejected.

        Raises:
            ValueError: as WorkerConfig does; the worker goes on as it was.
        """
        self.config = replace(self.config, connection=connection, consumer=consumer, producer=producer)
        if self.state not in (State.STARTING, State.STOPPED):
            self._producers.configured()

    def stop(self) -> None:
        """Finish the current transaction, leave the group, return from ``run()``. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until ``stop()``.

        Raises:
            WorkerError: the worker cannot go on by itself; see exactly_once.errors.
        """
        try:
            self._producers = ProducerSession(
                self._current_config,
                self._observer,
                self._stopping,
                on_wait=self._wait_for_brokers,
                credentials_error=lambda: self._consumers.consumer.credentials_error,
            )
            self._consumers = ConsumerSession(self._current_config, self._observer, self._stopping)
        except KafkaException as failure:
            self._status.stopped()
            raise ConfigurationError(failure.args[0].str()) from failure
        self._transactions = TransactionRunner(
            self.config,
            self._producers,
            self._consumers,
            self._processor,
            self._breaker,
            on_wait=self._wait_for_brokers,
        )
        try:
            self._producers.claim()
            while not self._stopping.is_set():
                self._step()
        except StopRequested:
            pass
        except KafkaException as failure:
            raise FatalClientError(f"a client cannot be made or used any more: {failure.args[0].str()}") from failure
        finally:
            self._status.stopped()
            self._watchdog.progress()
            if self._windows is not None:
                self._windows.close()
            try:
                # The group first: its members wait for us, while nobody waits for the transactional id.
                self._consumers.close()
            finally:
                self._producers.close()
                self._promise_check.close()
                self._watchdog.disarm()

    def _rejection(self) -> str | None:
        """The words of a broker that has rejected the credentials of a client for long."""
        now = time.monotonic()
        text = self._consumers.rejections.lasting(now) or self._producers.rejections.lasting(now)
        return None if text is None else connection_error(text)

    def _tell_rejection(self) -> None:
        before, self._rejection_told = self._rejection_told, self._rejection()
        if self._rejection_told is not None and before is None:
            self._observer.credentials_rejected(self._rejection_told)

    def _current_config(self) -> WorkerConfig:
        return self.config

    def _step(self) -> None:
        """Fetch once, and process what has arrived."""
        self._watchdog.progress()
        self._served_meanwhile = False
        limits = self.config.limits
        self._consumers.replace_if_outdated()
        self._tell_rejection()
        self._producers.producer.serve()
        lost: KafkaErrorName | None = None
        try:
            records = self._consumers.consumer.fetch(
                records=limits.max_records, size=limits.max_bytes, wait=self.config.idle
            )
        except ConsumerLost as failure:
            lost = failure.cause
        if lost is not None:
            self._replace_consumer(lost)
            return
        self._forget_restarted()
        if records:
            self._process(records)
        else:
            self._status.running()
            self._consumers.check_credentials()
            self._consumers.replace_if_disconnected()
        if not self._stopping.is_set():  # a stop leaves records unprocessed, and positions may not pass them
            self._report()

    def _process(self, records: Sequence[Message]) -> None:
        """Process fetched records, transaction by transaction, until all are committed or must be fetched again."""
        fetched_at = time.monotonic()
        while records and not self._stopping.is_set():
            self._producers.renew_if_suspect()
            if self._served_meanwhile:
                records, self._served_meanwhile = self._consumers.consumer.flow.positions.due(records), False
                continue
            records = self._run_transaction(self._search.next_records(records), records)
            self._watchdog.progress()
            if records and time.monotonic() - fetched_at > MAX_FETCH_INTERVAL:
                self._consumers.rewind()
                return

    def _run_transaction(self, records: Sequence[Message], fetched: Sequence[Message]) -> Sequence[Message]:
        """Run one transaction over the first of these records, which are the first of those that were fetched.

        Returns:
            What of the fetched records is still to be processed; none after an abort, when they are fetched again.
        """
        started = time.monotonic()
        batch = self._outcome(lambda: self._transactions.run(records), records)
        if batch is None:
            return ()
        if batch.records:
            self._committed(batch, time.monotonic() - started)
        self._set_aside(batch)
        if batch.unavailable is not None:
            self._consumers.rewind()
            self._failures_in_a_row += 1
            self._back_off(batch.unavailable.reason)
            return ()
        rest = [*batch.rest, *fetched[len(records) :]] if len(records) < len(fetched) else batch.rest
        return self._consumers.consumer.flow.positions.due(rest) if batch.stopped or batch.settled else rest

    def _outcome(self, transaction: Callable[[], T], records: Sequence[Message]) -> T | None:
        """What a transaction over these records returns; None where nothing happened, and they are fetched again."""
        lost: ProducerLost | None = None
        try:
            return transaction()
        except TransactionAborted as aborted:
            cause = aborted.cause
        except ProducerLost as failure:
            lost, cause = failure, failure.abort_cause
        # Not in a handler: see TransactionalProducer.
        if lost is not None:
            self._producers.rebuild(lost)
        else:
            self._search.transaction_aborted(records, cause)
        self._retry(cause, len(records))
        return None

    def _committed(self, batch: Batch[Message], seconds: float) -> None:
        self._search.committed(batch.next_offsets)
        if self._deduplicator is not None:
            self._deduplicator.committed(batch.next_offsets)
        self._transactions.dead_letters_committed(batch)
        self._failures_in_a_row = 0
        self._status.running()
        self._observer.committed(batch.records, outputs=batch.outputs, seconds=seconds)
        if batch.dead_letters:
            self._observer.dead_lettered(batch.dead_letters_by_reason)
        if batch.duplicates:
            self._observer.deduplicated(batch.duplicates)

    def _set_aside(self, batch: Batch[Message]) -> None:
        """Set the partitions aside that cannot go on, and let the transform begin to get what they lack."""
        flow = self._consumers.consumer.flow
        for partition, trouble in batch.stopped.items():
            if partition in flow.positions.fetched:
                flow.set_aside(partition, trouble)
        if self._look_ahead is not None:
            for behind in batch.behind.values():
                self._look_ahead(behind)

    def _retry(self, cause: AbortCause, records: int) -> None:
        """Fetch the records of an aborted transaction again, after a wait unless it is the first abort in a row.

        A first abort is part of every rebalance and is tried again at once; more in a row are a fault that takes time,
        but for those by which the search closes in on a record, and those that have set its partition aside.
        """
        self._observer.aborted(cause, records=records)
        self._consumers.rewind()
        if cause in REJECTS_A_RECORD or cause in (AbortReason.UNPRODUCIBLE, AbortReason.TOO_MANY_DEAD_LETTERS):
            return
        self._failures_in_a_row += 1
        if self._failures_in_a_row > 1:
            self._back_off(cause)

    def _replace_consumer(self, cause: KafkaErrorName) -> None:
        self._consumers.replace()
        self._failures_in_a_row += 1
        self._back_off(cause)

    def _wait_for_brokers(self, reason: str) -> None:
        """Keep the consumer a member of its group while the transactional id is claimed, or a commit is settled."""
        self._watchdog.progress()
        self._status.waiting(reason)
        self._served_meanwhile = True
        self._tell_rejection()
        self._consumers.serve()
        self._observer.lag(self._consumers.consumer.flow.positions.lag())

    def _back_off(self, reason: str) -> None:
        self._watchdog.progress()
        self._status.waiting(reason)
        self._stopping.wait(backoff(self._failures_in_a_row - 1))

    def _forget_restarted(self) -> None:
        """What is remembered of records does not hold for partitions that have gone on elsewhere."""
        restarted = self._consumers.take_restarted()
        for partition, by_command in restarted:
            self._search.forget(partition)
            if self._deduplicator is not None:
                self._deduplicator.forget(partition)
            if by_command:
                self._breaker.resume(partition)
            else:
                self._breaker.forget(partition)

    def _report(self) -> None:
        """Report the lag, and commit positions behind control records: then the lag of others reads 0, too."""
        positions = self._consumers.consumer.flow.positions
        if time.monotonic() - self._reported_at < self.config.lag_interval and not positions.never_committed():
            return
        self._promise_check.step()
        self._producers.renew_if_suspect()  # first: it may serve callbacks, by which partitions come and go
        self._consumers.consumer.flow.pass_control_records()
        positions = self._consumers.consumer.flow.positions
        self._observer.lag(positions.lag())
        uncommitted = positions.uncommitted()
        if uncommitted and self._consumers.consumer.joined:
            settled = self._outcome(lambda: self._transactions.commit_positions(uncommitted), ())
            if settled is not None:
                self._failures_in_a_row = 0
        self._reported_at = time.monotonic()
