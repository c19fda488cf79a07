"""One transactional producer: begin, produce, commit, abort, and what follows each error.

The order of decisions is ``error_reactions.reaction_to``. Three rules go beyond it:

- A commit that has timed out is never aborted: it may have happened. The producer is replaced instead, whose successor
  makes the broker end the old transaction one way or the other, under a higher epoch.
- So is one that may have sent the request that ends a transaction twice: see ``core.transaction_ends``.
- A fatal error is raised out of whatever serves callbacks: a poll, a flush, a commit. It is a lost producer there, too.

And nothing here calls the client while an exception is handled. When the client raises an error then, confluent_kafka
(2.16) never releases that exception, and with it the frames of all callers and the records of a batch.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NoReturn

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from exactly_once.clients.authorization import check_allowed
from exactly_once.clients.bounded_calls import BoundedCalls
from exactly_once.clients.producer_callbacks import ProducerCallbacks
from exactly_once.config import PRODUCER_STATISTICS_INTERVAL, WorkerConfig
from exactly_once.core.batch_processor import Outputs
from exactly_once.core.error_reactions import Reaction, is_fencing, reaction_to
from exactly_once.core.reasons import AbortCause, AbortReason, RebuildCause, RebuildReason, kafka_error_name
from exactly_once.core.records import OutputRecord
from exactly_once.core.rejected_credentials import RejectedCredentials
from exactly_once.core.rejected_records import REJECTS_A_RECORD
from exactly_once.core.signals import ProducerLost, RecordRejected, TransactionAborted
from exactly_once.core.topic_names import name_problem
from exactly_once.core.transaction_ends import TransactionEnds

# Seconds of one call: no signal handler runs and no stop is noticed inside a call of librdkafka.
CALL_TIMEOUT = 1.0
# Errors of a record that no repetition makes possible.
IMPOSSIBLE_RECORD = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._INVALID_ARG)
CHECK_INTERVAL = 0.1  # seconds within which an error of the transaction is noticed, and before a call is repeated


class TransactionalProducer:
    """One epoch of the transactional id. Not thread-safe: everything happens on the worker's thread."""

    def __init__(self, config: WorkerConfig, rejections: RejectedCredentials) -> None:
        self.topics: set[str] = set()
        """Topics that the current transaction, or the last one, writes to."""
        self._config = config
        self._ends = TransactionEnds(config.producer_retry_backoff)
        self._fatal: RebuildCause | None = None
        self._has_gap = False
        self._begun_at = time.monotonic()
        self.callbacks = ProducerCallbacks(config, self._ends.reported, rejections)
        self._producer = Producer({**config.producer_properties(), **self.callbacks.properties})
        self._produce = self._producer.produce
        self._calls = BoundedCalls()

    def initialize(self) -> bool:
        """Claim the transactional id, which ends what a predecessor left open; False when it takes longer.

        Resumable: call it again. Raises ProducerLost, AuthorizationError when an ACL is missing, or ConfigurationError.
        """
        try:
            self._producer.init_transactions(CALL_TIMEOUT)
            return True
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
        check_allowed(self._config, error)
        if reaction_to(error) is not Reaction.RETRY:
            raise ProducerLost(kafka_error_name(error.name()))
        self._serving(self._producer.poll)
        return False

    def begin(self) -> None:
        """Start a transaction; local, no request. Raises ProducerLost."""
        if self._fatal is not None:
            # Not begin_transaction(): after a fatal error it may wait for ever (librdkafka#4420).
            raise ProducerLost(self._fatal)
        self.topics.clear()
        self._ends.begun()
        self._begun_at = time.monotonic()
        try:
            self._producer.begin_transaction()
        except KafkaException as failure:
            raise ProducerLost(kafka_error_name(failure.args[0].name())) from failure

    def produce(self, records: Outputs) -> int:
        """Add records to the transaction, waiting while the local queue is full; returns their bytes.

        Raises:
            RecordRejected: a record will never fit; the transaction is still open.
            TransactionAborted, ProducerLost, AuthorizationError: see ``commit``.
        """
        done, size = 0, 0
        written: str | None = None
        produce = self._produce
        deadline: float | None = None
        while done < len(records):
            error: KafkaError | None = None
            try:
                for record in records[done:] if done else records:
                    topic, value, key, headers = record.topic, record.value, record.key, record.headers
                    if topic is not written:
                        self._write_to(topic)
                        written = topic
                    # Positional, because keywords take longer: two are callbacks.
                    if headers:
                        produce(topic, value, key, record.partition, None, None, record.timestamp, list(headers))
                        size += sum(len(name) + len(content or b"") for name, content in headers)
                    else:
                        produce(topic, value, key, record.partition, None, None, record.timestamp)
                    if value:
                        size += len(value)
                    if key:
                        size += len(key)
                    done += 1
                break
            except BufferError:
                pass
            except KafkaException as failure:
                error = failure.args[0]
            deadline = deadline or time.monotonic() + self._config.transaction_timeout
            if error is None:
                self._make_room(deadline)
            else:
                self._check_record(records[done], error)
                if time.monotonic() > deadline:
                    self._react(error)
        return size

    def _make_room(self, deadline: float) -> None:
        """Wait until the local queue is not full any more; raises as ``produce``."""
        if time.monotonic() > deadline:
            self.abort(AbortReason.QUEUE_FULL)
        # Not poll(): a queue that is full is sent at once, and does not linger.
        self._serving(self._producer.flush, CHECK_INTERVAL)
        self._check_transaction()

    def _write_to(self, topic: str) -> None:
        """Note the topic of a record. Raises RecordRejected where there can be none of its name."""
        if topic not in self.topics:
            problem = name_problem(topic)
            if problem is not None:
                raise RecordRejected(problem)
            self.topics.add(topic)

    def _check_record(self, record: OutputRecord, error: KafkaError) -> None:
        """Raise what follows an error of a record that was not taken; return where it can be taken by now."""
        if error.code() in IMPOSSIBLE_RECORD:
            raise RecordRejected(error.str())
        if error.code() == KafkaError._UNKNOWN_PARTITION:
            if not self._has_partition(record):
                raise RecordRejected(f"topic {record.topic} has no partition {record.partition}")
            return
        if error.code() == KafkaError._STATE:
            self._check_transaction()
        if error.code() == KafkaError._FATAL:  # which one, a poll says
            self._serving(self._producer.poll, CHECK_INTERVAL)
        self._react(error)

    def _has_partition(self, record: OutputRecord) -> bool:
        """Ask the brokers: a partition may be newer than what librdkafka knows, which this brings up to date.

        Raises:
            ProducerLost: they do not say.
        """
        try:
            topic = self._producer.list_topics(record.topic, timeout=CALL_TIMEOUT).topics[record.topic]
        except KafkaException as failure:
            raise ProducerLost(self._loss(failure.args[0])) from failure
        if topic.error is not None:
            raise ProducerLost(self._loss(topic.error))
        return record.partition in topic.partitions

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: bytes) -> None:
        """Commit the records and the consumer's offsets, with their metadata, both or neither.

        Raises:
            TransactionAborted: nothing happened.
            ProducerLost: nothing happened, or with ``outcome_unknown`` nobody knows yet.
            AuthorizationError: an ACL is missing.
        """
        self._flush()
        self._send_offsets(offsets, group_metadata)
        started = time.monotonic()
        while True:
            try:
                self._producer.commit_transaction(CALL_TIMEOUT)
                break
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
            if reaction_to(error) is not Reaction.RETRY:
                self._react(error, outcome_unknown=True)
            if time.monotonic() - started > self._config.transaction_timeout:
                raise ProducerLost(RebuildReason.COMMIT_TIMED_OUT, outcome_unknown=True)
        self._ended(started, requested=bool(offsets))

    def abort(self, cause: AbortCause) -> NoReturn:
        """Abort the transaction and raise TransactionAborted, or ProducerLost where that fails."""
        # librdkafka skips the sequence number of a record that was rejected, and brokers take no later one.
        self._has_gap = cause in REJECTS_A_RECORD
        started = time.monotonic()
        while True:
            try:
                self._producer.abort_transaction(CALL_TIMEOUT)
                break
            except KafkaException as failure:
                if reaction_to(failure.args[0]) is not Reaction.RETRY:
                    raise ProducerLost(self._loss(failure.args[0]), abort_cause=cause) from failure
                if time.monotonic() - started > self._config.transaction_timeout:
                    raise ProducerLost(RebuildReason.ABORT_TIMED_OUT, abort_cause=cause) from failure
        self._ended(started, requested=False)
        raise TransactionAborted(cause)

    def end_empty(self) -> None:
        """End a transaction to which nothing was added; local, no request. Raises ProducerLost."""
        try:
            self._producer.abort_transaction(CALL_TIMEOUT)
        except KafkaException as failure:
            raise ProducerLost(kafka_error_name(failure.args[0].name())) from failure

    def serve(self, timeout: float = 0.0) -> None:
        """Serve what the client has queued: errors, log lines, statistics. Call it often, also while there is no work.

        Waits for so many seconds when nothing is queued. It never raises: what it finds is raised by ``begin``.
        """
        try:
            self._serving(self._producer.poll, timeout)
        except ProducerLost as lost:
            self._fatal = lost.cause

    def use_password(self, user: str, password: str) -> None:
        """Open further connections with these credentials; from any thread.

        For a call that waits for a broker which rejects the old ones: it goes on before it is given up.
        """
        with suppress(AttributeError, KafkaException):  # it is closed, or has no such credentials
            self._producer.set_sasl_credentials(user, password)

    def renewal_reason(self) -> RebuildReason | None:
        """Why this producer, which has ended its last transaction, is not to run another one; None when it may.

        Where the time that the end took does not show it, this waits for the next statistics.
        """
        deadline = time.monotonic() + CALL_TIMEOUT
        while self._ends.repeated is None and self._fatal is None and time.monotonic() < deadline:
            self.serve(PRODUCER_STATISTICS_INTERVAL)
        if self._ends.repeated is not False and self._fatal is None:
            return RebuildReason.DISCONNECTED
        return RebuildReason.SEQUENCE_GAP if self._has_gap else None

    def close(self) -> None:
        """Drop the producer without waiting: what is queued belongs to a transaction that will not be committed."""
        self._producer.purge()
        # Not close(): it aborts and flushes first, without a limit while brokers are unavailable, and an abort is the
        # last thing that a commit of unknown outcome may get. Without references the client is destroyed at once.
        del self._produce, self._producer
        self._calls.end()

    def missing_topics(self, topics: Iterable[str]) -> list[str]:
        """Those that the brokers do not have, as far as this user may see. Raises KafkaException without a response."""
        existing = self._producer.list_topics(timeout=CALL_TIMEOUT).topics
        return [topic for topic in topics if topic not in existing]

    def _serving(self, call: Callable[[float], int], timeout: float = 0.0) -> int:
        """Poll or flush. Raises ProducerLost for a fatal error, which confluent_kafka raises there."""
        try:
            return call(timeout)
        except KafkaException as failure:
            raise ProducerLost(self._loss(failure.args[0])) from failure

    def _flush(self) -> None:
        """Wait until the brokers have every record. Raises TransactionAborted, ProducerLost or AuthorizationError.

        So the request that ends the transaction is alone in what it takes, and so that of its offsets finds it begun:
        behind a transaction whose markers are still being written, it would be rejected and retried later.
        """
        while True:
            if self._serving(self._producer.flush, CHECK_INTERVAL) == 0:
                return
            self._check_transaction()
            if time.monotonic() - self._begun_at > self._config.transaction_timeout:
                raise ProducerLost(RebuildReason.COMMIT_TIMED_OUT)

    def _check_transaction(self) -> None:
        """Raise what follows an error of the open transaction, which ``produce`` and ``flush`` do not name.

        Behind a record that the brokers rejected, the others are neither sent nor given up. ``begin_transaction``,
        which cannot succeed here and sends nothing, fails with what is wrong.
        """
        self._serving(self._producer.poll)
        try:
            self._producer.begin_transaction()
            return
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
        if error.code() != KafkaError._STATE:
            self._react(error)

    def _ended(self, started: float, *, requested: bool) -> None:
        seconds = time.monotonic() - started
        self.serve()  # statistics from before the end
        self._ends.ended(seconds, requested=requested)

    def _send_offsets(self, offsets: Sequence[TopicPartition], group_metadata: bytes) -> None:
        """Add the offsets to the transaction: a call that may be repeated."""
        deadline = time.monotonic() + self._config.transaction_timeout

        def call() -> None:
            self._producer.send_offsets_to_transaction(list(offsets), group_metadata, CALL_TIMEOUT)

        while True:
            try:
                if self._calls.returned_within(max(CALL_TIMEOUT, deadline - time.monotonic()) + CALL_TIMEOUT, call):
                    return
                # It goes on waiting by itself, and what it waits for comes too late: a new epoch has fenced it.
                raise ProducerLost(RebuildReason.OFFSETS_TIMED_OUT)
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
            if reaction_to(error) is not Reaction.RETRY:
                self._react(error)
            if time.monotonic() > deadline:
                self.abort(AbortReason.OFFSETS_TIMED_OUT)
            time.sleep(CHECK_INTERVAL)

    def _react(self, error: KafkaError, *, outcome_unknown: bool = False) -> NoReturn:
        """Raise what follows an error; after a commit was tried, only an abort that succeeds shows the outcome."""
        check_allowed(self._config, error)
        if reaction_to(error) is Reaction.ABORT:
            try:
                self.abort(kafka_error_name(error.name()))
            except ProducerLost as lost:
                lost.outcome_unknown = outcome_unknown
                raise
        raise ProducerLost(self._loss(error), outcome_unknown=outcome_unknown)

    def _loss(self, error: KafkaError) -> RebuildCause:
        """The cause of a loss by this error: the brokers fence the producer of a transaction that was open too long."""
        name = kafka_error_name(error.name())
        if is_fencing(name) and time.monotonic() - self._begun_at > self._config.transaction_timeout:
            return RebuildReason.TRANSACTION_TIMED_OUT
        return name
