"""The loop: fetch, run transactions, and retry what fails.

One process is one consumer and one transactional producer. No transaction is open across ``fetch()``, so every
rebalance callback runs with nothing in flight, and a revoked or lost partition needs no transactional work.
docs/states.md shows the states.
"""

import time
from collections.abc import Sequence

from confluent_kafka import KafkaException, Message

from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.config import WorkerConfig
from exactly_once.core.batch_processor import Batch, BatchProcessor
from exactly_once.core.batching import backoff
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.reasons import AbortCause, TransformReason, WaitReason
from exactly_once.core.records import Transform, Unavailable
from exactly_once.core.rejected_records import RejectedRecordSearch
from exactly_once.core.signals import ConsumerLost, ProducerLost, StopRequested, TransactionAborted
from exactly_once.errors import ConfigurationError, FatalClientError
from exactly_once.observer import Observer
from exactly_once.status import State, Status
from exactly_once.stop_flag import StopFlag
from exactly_once.transaction_runner import TransactionRunner
from exactly_once.watchdog import Watchdog

# A member that does not fetch for max.poll.interval.ms (300 s) is put out of its group.
MAX_FETCH_INTERVAL = 60.0  # seconds


class Worker:
    """Turns records of the input topics into output records, each exactly once.

    ``run()`` blocks until ``stop()``; call it on the main thread where signals matter.
    ``watchdog`` seconds without progress end the process: leave it off where the process is not the worker's own.
    """

    def __init__(
        self,
        config: WorkerConfig,
        transform: Transform,
        *,
        observer: Observer | None = None,
        watchdog: float | None = None,
    ) -> None:
        self.config = config
        self._observer = observer or Observer()
        self._status = Status(self._observer)
        self._watchdog = Watchdog(watchdog)
        self._stopping = StopFlag()
        self._failures_in_a_row = 0
        self._lag_reported_at = 0.0
        self._search = RejectedRecordSearch(config.limits.max_records)
        self._processor = BatchProcessor(
            transform,
            limits=config.limits,
            dead_letters=DeadLetterTopic(config.dead_letter_topic, config.dead_letter_header_prefix)
            if config.dead_letter_topic is not None
            else None,
            search=self._search,
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
    def unready_reason(self) -> str | None:
        """Why the worker is not processing, None when it is; for a readiness probe."""
        if self.state is not State.RUNNING:
            return self._status.reason
        consumer = self._consumers.consumer
        return consumer.trouble if consumer.joined else WaitReason.JOINING

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
                self.config,
                self._observer,
                self._stopping,
                on_wait=self._wait_on_claim,
                credentials_error=lambda: self._consumers.consumer.credentials_error,
            )
            self._consumers = ConsumerSession(self.config, self._observer, self._stopping)
        except KafkaException as failure:
            raise ConfigurationError(failure.args[0].str()) from failure
        self._transactions = TransactionRunner(self._producers, self._consumers, self._processor)
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
            self._watchdog.disarm()
            try:
                # The group first: its members wait for us, while nobody waits for the transactional id.
                self._consumers.close()
            finally:
                self._producers.close()

    def _step(self) -> None:
        """Fetch once, and process what has arrived."""
        self._watchdog.progress()
        self._producers.producer.serve()
        try:
            records = self._consumers.consumer.fetch(self.config.limits.max_records, self.config.idle)
        except ConsumerLost as lost:
            self._consumers.replace()
            self._failures_in_a_row += 1
            self._back_off(lost.cause)
            return
        if records:
            self._process(records)
        else:
            self._status.running()
            self._consumers.check_credentials()
            self._consumers.replace_if_disconnected()
        self._report_lag()

    def _process(self, records: Sequence[Message]) -> None:
        """Process fetched records, transaction by transaction, until all are committed or must be fetched again."""
        fetched_at = time.monotonic()
        while records and not self._stopping.is_set():
            committed = self._run_transaction(self._search.next_records(records))
            self._watchdog.progress()
            records = records[committed:] if committed else ()
            if records and time.monotonic() - fetched_at > MAX_FETCH_INTERVAL:
                self._consumers.rewind()
                return

    def _run_transaction(self, records: Sequence[Message]) -> int:
        """Run one transaction over the first of these records.

        Returns:
            How many of them were committed; 0 after an abort, when all of them are fetched again.
        """
        started = time.monotonic()
        try:
            batch = self._transactions.run(records)
        except Unavailable as unavailable:
            cause = TransformReason(unavailable.reason)
            self._transactions.abort(cause)
            self._retry(cause, len(records), wait=True)
            return 0
        except TransactionAborted as aborted:
            self._search.transaction_aborted(records, aborted.cause)
            self._retry(aborted.cause, len(records))
            return 0
        except ProducerLost as lost:
            self._producers.rebuild(lost)
            self._retry(lost.abort_cause, len(records))
            return 0
        self._committed(batch, records[: batch.records], time.monotonic() - started)
        return batch.records

    def _committed(self, batch: Batch, records: Sequence[Message], seconds: float) -> None:
        self._search.committed(batch.next_offsets)
        self._failures_in_a_row = 0
        self._status.running()
        self._observer.committed(records, outputs=batch.outputs, seconds=seconds)
        if batch.dead_letters:
            self._observer.dead_lettered(batch.dead_letters)
        self._producers.renew_if_suspect()

    def _retry(self, cause: AbortCause, records: int, *, wait: bool = False) -> None:
        """Fetch the records of an aborted transaction again, after a wait unless it is the first abort in a row.

        A first abort is part of every rebalance and is tried again at once; more in a row are a fault that takes time.
        """
        self._producers.renew_if_suspect()
        self._observer.aborted(cause, records=records)
        self._consumers.rewind()
        self._failures_in_a_row += 1
        if wait or self._failures_in_a_row > 1:
            self._back_off(cause)

    def _wait_on_claim(self, reason: str) -> None:
        self._watchdog.progress()
        self._status.waiting(reason)

    def _back_off(self, reason: str) -> None:
        self._watchdog.progress()
        self._status.waiting(reason)
        self._stopping.wait(backoff(self._failures_in_a_row - 1))

    def _report_lag(self) -> None:
        if time.monotonic() - self._lag_reported_at >= self.config.lag_interval:
            self._observer.lag(self._consumers.consumer.positions.lag())
            self._lag_reported_at = time.monotonic()
