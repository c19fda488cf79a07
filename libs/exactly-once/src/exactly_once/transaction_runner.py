"""One transaction from begin to commit, and the outcome of a commit that is not known."""

import contextlib
from collections.abc import Sequence

from confluent_kafka import Message, TopicPartition

from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.core.batch_processor import Batch, BatchProcessor
from exactly_once.core.reasons import AbortCause, AbortReason
from exactly_once.core.signals import ProducerLost, RecordRejected, TransactionAborted


class TransactionRunner:
    """Runs transactions with the current producer, over records of the current consumer."""

    def __init__(self, producers: ProducerSession, consumers: ConsumerSession, processor: BatchProcessor) -> None:
        self._producers = producers
        self._consumers = consumers
        self._processor = processor

    def run(self, records: Sequence[Message]) -> Batch:
        """Begin, process the first of these records, commit; return what was committed.

        Raises:
            Unavailable: from the transform; the transaction is open, see ``abort``.
            TransactionAborted: nothing happened.
            ProducerLost: nothing happened, and the producer must be rebuilt.
            WorkerError: see exactly_once.errors.
        """
        producer = self._producers.producer
        producer.begin()
        try:
            batch = self._processor.process(records, producer.produce)
        except RecordRejected:
            producer.abort(AbortReason.UNPRODUCIBLE)
        offsets = [TopicPartition(topic, number, offset) for (topic, number), offset in batch.next_offsets.items()]
        metadata = self._consumers.consumer.group_metadata()
        if metadata is None:
            producer.abort(AbortReason.NOT_IN_GROUP)
        try:
            producer.commit(offsets, metadata)
        except ProducerLost as lost:
            if not lost.outcome_unknown:
                raise
            self._settle(batch, lost)
        self._consumers.consumer.advance(batch.next_offsets)
        return batch

    def abort(self, cause: AbortCause) -> None:
        """Abort the open transaction, with a new producer if need be; raises as ``ProducerSession.claim`` does."""
        try:
            with contextlib.suppress(TransactionAborted):
                self._producers.producer.abort(cause)
        except ProducerLost as lost:
            self._producers.rebuild(lost)

    def _settle(self, batch: Batch, lost: ProducerLost) -> None:
        """Find out what became of a commit of unknown outcome; raise TransactionAborted when it did not happen.

        Only the brokers know. They have ended the transaction one way or the other when the next producer has claimed
        the transactional id, and the group's committed offsets show which.
        """
        self._producers.rebuild(lost)
        self._consumers.rewind_to_committed()
        if not self._consumers.consumer.positions.committed_up_to(batch.next_offsets):
            raise TransactionAborted(lost.abort_cause) from lost
