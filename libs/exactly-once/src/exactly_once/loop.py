"""The loop: fetch, run transactions, and retry what fails.

One process is one consumer and one transactional producer. No transaction is open across ``fetch()``, so every
rebalance callback runs with nothing in flight, and a revoked or lost partition needs no transactional work.
docs/states.md shows the states.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from confluent_kafka import Message

from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.clients.promise_check import PromiseCheck
from exactly_once.clients.window_reader import WindowReader
from exactly_once.config import WorkerConfig
from exactly_once.core.batch_processor import Batch, BatchProcessor
from exactly_once.core.batching import backoff
from exactly_once.core.connection_errors import connection_error
from exactly_once.core.dead_letter_breaker import DeadLetterBreaker
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.deduplication import Deduplicator
from exactly_once.core.reasons import AbortCause, AbortReason, KafkaErrorName
from exactly_once.core.records import InputRecord, Transform
from exactly_once.core.rejected_records import REJECTS_A_RECORD, RejectedRecordSearch
from exactly_once.core.signals import ConsumerLost, ProducerLost, TransactionAborted
from exactly_once.observer import Observer
from exactly_once.status import Status
from exactly_once.stop_flag import StopFlag
from exactly_once.transaction_runner import TransactionRunner
from exactly_once.watchdog import Watchdog

# A member that does not fetch for max.poll.interval.ms (300 s) is put out of its group.
MAX_FETCH_INTERVAL = 60.0  # seconds

T = TypeVar("T")


class Loop:
    """A consumer, which joins its group at once, a producer, and what is done with them until a stop.

    ``config`` returns the configuration as it is now; the arguments beside it are those of ``Worker``.

    Raises:
        KafkaException: a client cannot be made.
    """

    def __init__(
        self,
        config: Callable[[], WorkerConfig],
        transform: Transform,
        *,
        look_ahead: Callable[[Sequence[InputRecord]], None] | None,
        observer: Observer,
        status: Status,
        watchdog: Watchdog,
        stopping: StopFlag,
    ) -> None:
        self._config = config
        self._look_ahead = look_ahead
        self._observer = observer
        self._status = status
        self._watchdog = watchdog
        self._stopping = stopping
        self._failures_in_a_row = 0
        self._served_meanwhile = False
        """Whether partitions may have been lost, or suspended, since the records at hand were fetched."""
        self._reported_at = 0.0
        self._rejection_told: str | None = None
        self.producers = ProducerSession(
            config,
            observer,
            stopping,
            on_wait=self._wait_for_brokers,
            credentials_error=lambda: self.consumers.consumer.credentials_error,
        )
        self.consumers = ConsumerSession(config, observer, stopping)
        begun = config()
        self._promise_check = PromiseCheck(config, observer)
        self._search = RejectedRecordSearch(begun.limits.max_records)
        self._breaker = DeadLetterBreaker(begun.breaker)
        self._deduplicator: Deduplicator | None = None
        self._windows: WindowReader | None = None
        if (policy := begun.deduplication) is not None:
            self._windows = WindowReader(config, policy, lambda: self.consumers.consumer.lookups)
            self._deduplicator = Deduplicator(policy, self._windows.begin)
        processor = BatchProcessor(
            transform,
            limits=begun.limits,
            dead_letters=_dead_letters(begun),
            search=self._search,
            deduplicator=self._deduplicator,
        )
        self._transactions = TransactionRunner(
            begun, self.producers, self.consumers, processor, self._breaker, on_wait=self._wait_for_brokers
        )

    def run(self) -> None:
        """Work until a stop.

        Raises:
            StopRequested: it came while the transactional id was being claimed.
            KafkaException: a client cannot be made or used any more.
            WorkerError: see exactly_once.errors.
        """
        self.producers.claim()
        while not self._stopping.is_set():
            self._step()

    def close(self) -> None:
        """Leave the group, and drop the clients."""
        if self._windows is not None:
            self._windows.close()
        try:
            # The group first: its members wait for us, while nobody waits for the transactional id.
            self.consumers.close()
        finally:
            self.producers.close()
            self._promise_check.close()

    def rejection(self) -> str | None:
        """The words of a broker that has rejected the credentials of a client for long."""
        now = time.monotonic()
        text = self.consumers.rejections.lasting(now) or self.producers.rejections.lasting(now)
        return None if text is None else connection_error(text)

    def _tell_rejection(self) -> None:
        before, self._rejection_told = self._rejection_told, self.rejection()
        if self._rejection_told is not None and before is None:
            self._observer.credentials_rejected(self._rejection_told)

    def _step(self) -> None:
        """Fetch once, and process what has arrived."""
        self._watchdog.progress()
        self._served_meanwhile = False
        limits = self._config().limits
        self.consumers.replace_if_outdated()
        self._tell_rejection()
        self.producers.producer.serve()
        lost: KafkaErrorName | None = None
        try:
            records = self.consumers.consumer.fetch(
                records=limits.max_records, size=limits.max_bytes, wait=self._config().idle
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
            self.consumers.check_credentials()
            self.consumers.replace_if_disconnected()
        if not self._stopping.is_set():  # a stop leaves records unprocessed, and positions may not pass them
            self._report()

    def _process(self, records: Sequence[Message]) -> None:
        """Process fetched records, transaction by transaction, until all are committed or must be fetched again."""
        fetched_at = time.monotonic()
        while records and not self._stopping.is_set():
            self.producers.renew_if_suspect()
            if self._served_meanwhile:
                records, self._served_meanwhile = self.consumers.consumer.flow.positions.due(records), False
                continue
            records = self._run_transaction(self._search.next_records(records), records)
            self._watchdog.progress()
            if records and time.monotonic() - fetched_at > MAX_FETCH_INTERVAL:
                self.consumers.rewind()
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
            self.consumers.rewind()
            self._failures_in_a_row += 1
            self._back_off(batch.unavailable.reason)
            return ()
        rest = [*batch.rest, *fetched[len(records) :]] if len(records) < len(fetched) else batch.rest
        return self.consumers.consumer.flow.positions.due(rest) if batch.stopped or batch.settled else rest

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
            self.producers.rebuild(lost)
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
        flow = self.consumers.consumer.flow
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
        self.consumers.rewind()
        if cause in REJECTS_A_RECORD or cause in (AbortReason.UNPRODUCIBLE, AbortReason.TOO_MANY_DEAD_LETTERS):
            return
        self._failures_in_a_row += 1
        if self._failures_in_a_row > 1:
            self._back_off(cause)

    def _replace_consumer(self, cause: KafkaErrorName) -> None:
        self.consumers.replace()
        self._failures_in_a_row += 1
        self._back_off(cause)

    def _wait_for_brokers(self, reason: str) -> None:
        """Keep the consumer a member of its group while the transactional id is claimed, or a commit is settled."""
        self._watchdog.progress()
        self._status.waiting(reason)
        self._served_meanwhile = True
        self._tell_rejection()
        self.consumers.serve()
        self._observer.lag(self.consumers.consumer.flow.positions.lag())

    def _back_off(self, reason: str) -> None:
        self._watchdog.progress()
        self._status.waiting(reason)
        self._stopping.wait(backoff(self._failures_in_a_row - 1))

    def _forget_restarted(self) -> None:
        """What is remembered of records does not hold for partitions that have gone on elsewhere."""
        restarted = self.consumers.take_restarted()
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
        positions = self.consumers.consumer.flow.positions
        if time.monotonic() - self._reported_at < self._config().lag_interval and not positions.never_committed():
            return
        self._promise_check.step()
        self.producers.renew_if_suspect()  # first: it may serve callbacks, by which partitions come and go
        self.consumers.consumer.flow.pass_control_records()
        positions = self.consumers.consumer.flow.positions
        self._observer.lag(positions.lag())
        uncommitted = positions.uncommitted()
        if uncommitted and self.consumers.consumer.joined:
            settled = self._outcome(lambda: self._transactions.commit_positions(uncommitted), ())
            if settled is not None:
                self._failures_in_a_row = 0
        self._reported_at = time.monotonic()


def _dead_letters(config: WorkerConfig) -> DeadLetterTopic | None:
    if config.dead_letter_topic is None:
        return None
    return DeadLetterTopic(
        config.dead_letter_topic,
        config.dead_letter_header_prefix,
        worker=config.dead_letter_worker or config.transactional_id,
        version=config.dead_letter_version,
    )
