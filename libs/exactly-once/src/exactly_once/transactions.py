"""The producing half: transactions under one transactional id, and what follows each error.

The order of decisions is ``reactions.reaction_to``. Two rules go beyond it:

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

from exactly_once.client_log import ClientLog
from exactly_once.config import WorkerConfig
from exactly_once.errors import NotAuthorized
from exactly_once.reactions import Reaction, reaction_to, reason_of
from exactly_once.records import OutputRecord, PlainRecord

# Calls into librdkafka are cut into slices, since neither a signal handler nor a stop is noticed inside one.
SLICE = 1.0
RETRY_PAUSE = 0.05

log = logging.getLogger(__name__)

AUTHORIZATION_CODES = (
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)


class Aborted(Exception):
    """The transaction was aborted: rewind and go on with the same producer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unproducible(Exception):
    """The client refuses the record itself, whatever is tried: too large, or not a record."""


class ProducerLost(Exception):
    """The producer must be replaced; the transaction did not happen, unless ``outcome_unknown``."""

    def __init__(self, reason: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome_unknown = outcome_unknown


class Transactions:
    """One transactional producer. Not thread-safe: everything happens on the worker's thread."""

    def __init__(self, config: WorkerConfig) -> None:
        self.refusal: str | None = None
        """What the broker or TLS said when it refused our credentials, None while it has not."""
        self._config = config
        self._log = ClientLog(config.logger)
        self.suspect = False
        """Whether a duplicate of the last commit or abort may still be under way to the broker."""
        self._producer = Producer(
            {
                **config.producer_properties(),
                "logger": self._log,
                "error_cb": self._on_error,
                "stats_cb": self._on_statistics,
            }
        )
        self._produce = self._producer.produce

    def initialize(self, timeout: float) -> bool:
        """Claim the transactional id, which ends what a predecessor left open; False when it takes longer.

        Resumable: call it again. Raises ProducerLost, or NotAuthorized when an ACL is missing.
        """
        try:
            self._producer.init_transactions(timeout)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            self._refuse_unauthorized(error)
            if reaction_to(error) is Reaction.RETRY:
                self._producer.poll(0)
                return False
            raise ProducerLost(reason_of(error.name())) from failure
        return True

    def begin(self) -> None:
        """Start a transaction; local, no request."""
        try:
            self._producer.begin_transaction()
        except KafkaException as failure:
            raise ProducerLost(reason_of(failure.args[0].name())) from failure

    def produce(self, records: Sequence[OutputRecord] | Sequence[PlainRecord]) -> None:
        """Add records to the transaction, waiting while the local queue is full.

        Raises:
            Unproducible: a record will never fit; the transaction is still open.
            Aborted, ProducerLost, NotAuthorized: see ``commit``.
        """
        done = 0
        deadline: float | None = None
        while done < len(records):
            try:
                for record in records[done:] if done else records:
                    if len(record) == 3:
                        self._produce(*record)
                    else:
                        topic, value, key, headers, timestamp = record
                        self._produce(topic, value, key, headers=list(headers), timestamp=timestamp)
                    done += 1
            except BufferError:
                deadline = deadline or time.monotonic() + self._config.transaction_timeout
                if time.monotonic() > deadline:
                    self.abort("queue_full")
                self._producer.poll(0.1)
            except KafkaException as failure:
                if failure.args[0].code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._INVALID_ARG):
                    raise Unproducible(failure.args[0].str()) from failure
                self._react(failure.args[0])

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: bytes) -> None:
        """Commit the records and the consumer's offsets, both or neither.

        Raises:
            Aborted: nothing happened.
            ProducerLost: nothing happened, or with ``outcome_unknown`` nobody knows yet.
            NotAuthorized: an ACL is missing.
        """
        self._repeat(lambda: self._producer.send_offsets_to_transaction(list(offsets), group_metadata, SLICE))
        lost = self._lost_connections()
        deadline = time.monotonic() + self._config.transaction_timeout
        while True:
            try:
                self._producer.commit_transaction(SLICE)
                break
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                reaction = reaction_to(error)
                if reaction is Reaction.ABORT:
                    self._react(error)
                if reaction is Reaction.REBUILD:
                    raise ProducerLost(reason_of(error.name()), outcome_unknown=True) from failure
                if time.monotonic() > deadline:
                    raise ProducerLost("commit_timed_out", outcome_unknown=True) from failure
        self.suspect = self._lost_connections() > lost

    def abort(self, reason: str) -> NoReturn:
        """Abort the transaction and raise Aborted, or ProducerLost where that fails."""
        lost = self._lost_connections()
        deadline = time.monotonic() + self._config.transaction_timeout
        while True:
            try:
                self._producer.abort_transaction(SLICE)
                break
            except KafkaException as failure:
                if reaction_to(failure.args[0]) is not Reaction.RETRY or time.monotonic() > deadline:
                    raise ProducerLost(reason) from failure
        self.suspect = self._lost_connections() > lost
        raise Aborted(reason)

    def close(self) -> None:
        """Forget the producer without waiting: what is queued belongs to a transaction that will not be committed."""
        self._producer.purge()
        # Not close(): it aborts and flushes first, without a limit when the broker is away, and an abort is the last
        # thing that a commit of unknown outcome may get. Without references the client is destroyed at once.
        del self._produce, self._producer

    def missing_topics(self, topics: Iterable[str]) -> list[str]:
        """Those that the brokers do not have, as far as this user may see. Raises KafkaException without an answer."""
        there = self._producer.list_topics(timeout=SLICE).topics
        return [topic for topic in topics if topic not in there]

    def _lost_connections(self) -> int:
        self._producer.poll(0)
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
                    self.abort("offsets_timed_out")
                time.sleep(RETRY_PAUSE)

    def _react(self, error: KafkaError) -> NoReturn:
        """Raise what follows an error that is not to be retried."""
        self._refuse_unauthorized(error)
        if reaction_to(error) is Reaction.ABORT:
            self.abort(reason_of(error.name()))
        raise ProducerLost(reason_of(error.name()))

    def _refuse_unauthorized(self, error: KafkaError) -> None:
        if error.code() in AUTHORIZATION_CODES:
            raise NotAuthorized(
                f"not authorized to write: {error.str()}; grant Write and Describe on transactional id"
                f" {self._config.transactional_id} and on every topic that is written,"
                f" and Read on group {self._config.group_id}"
            )

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.refusal = error.str()

    def _on_statistics(self, document: str) -> None:
        try:
            if self._config.on_producer_statistics is not None:
                self._config.on_producer_statistics(document)
        except Exception:
            log.exception("statistics of the producer could not be taken in")
