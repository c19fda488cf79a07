"""One transactional producer: begin, produce, commit, abort, and what follows each error.

The order of decisions is ``error_reactions.reaction_to``. Two rules go beyond it:

- A commit that has timed out is never aborted: it may have happened. The producer is replaced instead, whose
  ``init_transactions`` makes the broker end the old transaction one way or the other and raises the epoch, so that a
  delayed request of the old one cannot end a later transaction (KIP-890, which librdkafka does not implement).
- For the same reason a producer whose connection broke while a commit or abort was under way is replaced even when
  the call succeeded in the end: librdkafka may have sent the request twice.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from exactly_once.clients.authorization import WRITE_DENIED, not_authorized_to_write
from exactly_once.clients.client_log import ClientLog
from exactly_once.config import WorkerConfig
from exactly_once.core.batch_processor import Outputs
from exactly_once.core.error_reactions import Reaction, reaction_to
from exactly_once.core.reasons import AbortCause, AbortReason, RebuildReason, kafka_error_name
from exactly_once.core.signals import ProducerLost, RecordRejected, TransactionAborted

# Seconds of one call: no signal handler runs and no stop is noticed inside a call of librdkafka.
CALL_TIMEOUT = 1.0
RETRY_INTERVAL = 0.05  # seconds

log = logging.getLogger(__name__)


class TransactionalProducer:
    """One epoch of the transactional id. Not thread-safe: everything happens on the worker's thread."""

    def __init__(self, config: WorkerConfig) -> None:
        self.credentials_error: str | None = None
        """What the broker or TLS said when it rejected our credentials, None while it has not."""
        self.suspect = False
        """True when a duplicate of the last commit or abort may still be under way to the broker."""
        self.topics: set[str] = set()
        """Topics that the current transaction, or the last one, writes to."""
        self._config = config
        self._log = ClientLog(config.logger)
        self._producer = Producer(
            {
                **config.producer_properties(),
                "logger": self._log,
                "error_cb": self._on_error,
                "stats_cb": self._on_statistics,
            }
        )
        self._produce = self._producer.produce

    def initialize(self) -> bool:
        """Claim the transactional id, which ends what a predecessor left open; False when it takes longer.

        Resumable: call it again. Raises ProducerLost, or AuthorizationError when an ACL is missing.
        """
        try:
            self._producer.init_transactions(CALL_TIMEOUT)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            self._check_authorized(error)
            if reaction_to(error) is Reaction.RETRY:
                self._poll()
                return False
            raise ProducerLost(kafka_error_name(error.name())) from failure
        return True

    def begin(self) -> None:
        """Start a transaction; local, no request. Raises ProducerLost."""
        self.topics.clear()
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
        done, size, add_topic = 0, 0, self.topics.add
        deadline: float | None = None
        while done < len(records):
            try:
                for record in records[done:] if done else records:
                    if len(record) == 3:
                        topic, value, key = record
                        self._produce(topic, value, key)
                    else:
                        topic, value, key, headers, timestamp = record
                        self._produce(topic, value, key, headers=list(headers), timestamp=timestamp)
                        size += sum(len(name) + len(content or b"") for name, content in headers)
                    size += len(value or b"") + len(key or b"")
                    add_topic(topic)
                    done += 1
            except BufferError:
                deadline = deadline or time.monotonic() + self._config.transaction_timeout
                if time.monotonic() > deadline:
                    self.abort(AbortReason.QUEUE_FULL)
                self._poll(0.1)
            except KafkaException as failure:
                if failure.args[0].code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._INVALID_ARG):
                    raise RecordRejected(failure.args[0].str()) from failure
                self._react(failure.args[0])
        return size

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: bytes) -> None:
        """Commit the records and the consumer's offsets, with their metadata, both or neither.

        Raises:
            TransactionAborted: nothing happened.
            ProducerLost: nothing happened, or with ``outcome_unknown`` nobody knows yet.
            AuthorizationError: an ACL is missing.
        """
        self._repeat(lambda: self._producer.send_offsets_to_transaction(list(offsets), group_metadata, CALL_TIMEOUT))
        lost = self._lost_connections()
        deadline = time.monotonic() + self._config.transaction_timeout
        while True:
            try:
                self._producer.commit_transaction(CALL_TIMEOUT)
                break
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                reaction = reaction_to(error)
                if reaction is Reaction.ABORT:
                    self._react(error)
                if reaction is Reaction.REBUILD:
                    raise ProducerLost(kafka_error_name(error.name()), outcome_unknown=True) from failure
                if time.monotonic() > deadline:
                    raise ProducerLost(RebuildReason.COMMIT_TIMED_OUT, outcome_unknown=True) from failure
        self.suspect = self._lost_connections() > lost

    def abort(self, cause: AbortCause) -> NoReturn:
        """Abort the transaction and raise TransactionAborted, or ProducerLost where that fails."""
        lost = self._lost_connections()
        deadline = time.monotonic() + self._config.transaction_timeout
        while True:
            try:
                self._producer.abort_transaction(CALL_TIMEOUT)
                break
            except KafkaException as failure:
                if reaction_to(failure.args[0]) is not Reaction.RETRY or time.monotonic() > deadline:
                    raise ProducerLost(cause) from failure
        self.suspect = self._lost_connections() > lost
        raise TransactionAborted(cause)

    def end_empty(self) -> None:
        """End a transaction to which nothing was added; local, no request. Raises ProducerLost."""
        try:
            self._producer.abort_transaction(CALL_TIMEOUT)
        except KafkaException as failure:
            raise ProducerLost(kafka_error_name(failure.args[0].name())) from failure

    def close(self) -> None:
        """Drop the producer without waiting: what is queued belongs to a transaction that will not be committed."""
        self._producer.purge()
        # Not close(): it aborts and flushes first, without a limit while brokers are unavailable, and an abort is the
        # last thing that a commit of unknown outcome may get. Without references the client is destroyed at once.
        del self._produce, self._producer

    def serve(self) -> None:
        """Serve the callbacks while there is nothing to produce: what nobody polls queues without limit."""
        self._poll()

    def missing_topics(self, topics: Iterable[str]) -> list[str]:
        """Those that the brokers do not have, as far as this user may see. Raises KafkaException without a response."""
        existing = self._producer.list_topics(timeout=CALL_TIMEOUT).topics
        return [topic for topic in topics if topic not in existing]

    def _poll(self, timeout: float = 0.0) -> None:
        """Serve the callbacks: errors, log lines, statistics."""
        self._producer.poll(timeout)

    def _lost_connections(self) -> int:
        self._poll()
        return self._log.lost_connections

    def _repeat(self, call: Callable[[], None]) -> None:
        """Make a retriable, idempotent call until it succeeds, the transaction's time is up, or it fails for good."""
        deadline = time.monotonic() + self._config.transaction_timeout
        while True:
            try:
                return call()
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if reaction_to(error) is not Reaction.RETRY:
                    self._react(error)
                if time.monotonic() > deadline:
                    self.abort(AbortReason.OFFSETS_TIMED_OUT)
                time.sleep(RETRY_INTERVAL)

    def _react(self, error: KafkaError) -> NoReturn:
        """Raise what follows an error that is not to be retried."""
        self._check_authorized(error)
        if reaction_to(error) is Reaction.ABORT:
            self.abort(kafka_error_name(error.name()))
        raise ProducerLost(kafka_error_name(error.name()))

    def _check_authorized(self, error: KafkaError) -> None:
        if error.code() in WRITE_DENIED:
            raise not_authorized_to_write(self._config, error)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.credentials_error = error.str()

    def _on_statistics(self, document: str) -> None:
        try:
            if self._config.on_producer_statistics is not None:
                self._config.on_producer_statistics(document)
        except Exception:
            log.exception("producer_statistics_failed")
