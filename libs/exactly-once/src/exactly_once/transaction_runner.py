"""One transaction from begin to commit, and the outcome of a commit that is not known."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from confluent_kafka import KafkaException, Message, TopicPartition

from exactly_once.clients.consumer_session import ConsumerSession
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.config import WorkerConfig
from exactly_once.core.batch_processor import Batch, BatchProcessor
from exactly_once.core.dead_letter_breaker import DeadLetterBreaker
from exactly_once.core.reasons import AbortReason, HaltReason
from exactly_once.core.records import Partition
from exactly_once.core.rejected_records import record_id
from exactly_once.core.signals import ProducerLost, RecordRejected, TransactionAborted
from exactly_once.core.start_offset import Halt


class TransactionRunner:
    """Runs transactions with the current producer, over records of the current consumer."""

    def __init__(
        self,
        config: WorkerConfig,
        producers: ProducerSession,
        consumers: ConsumerSession,
        processor: BatchProcessor,
        breaker: DeadLetterBreaker,
        *,
        on_wait: Callable[[str], None],
    ) -> None:
        self._config = config
        self._producers = producers
        self._consumers = consumers
        self._processor = processor
        self._breaker = breaker
        self._on_wait = on_wait

    def run(self, records: Sequence[Message]) -> Batch[Message]:
        """Begin, process the first of these records, commit; return what was committed, which may be nothing.

        Raises:
            TransactionAborted: nothing happened.
            ProducerLost: nothing happened, and the producer must be rebuilt.
            WorkerError: see exactly_once.errors.
        """
        producer = self._producers.producer
        producer.begin()
        batch: Batch[Message] | None = None
        with suppress(RecordRejected):
            batch = self._processor.process(records, producer.produce)
        if batch is None:
            producer.abort(AbortReason.UNPRODUCIBLE)
        if not batch.next_offsets:
            producer.end_empty()
            return batch
        self._check_dead_letters(batch)
        # With the first records the starts of all partitions: another start would find some as new ones.
        starts = self._consumers.consumer.flow.positions.never_committed()
        batch.settled = self._commit({**starts, **batch.next_offsets}, needed=batch.next_offsets)
        return batch

    def commit_positions(self, next_offsets: Mapping[Partition, int]) -> bool:
        """Commit offsets without records: positions behind control records; returns and raises as ``_commit`` does."""
        self._consumers.consumer.topics.begin()
        self._producers.producer.begin()
        return self._commit(next_offsets, needed=())

    def dead_letters_committed(self, batch: Batch[Message]) -> None:
        """What ``run`` returned is committed."""
        now = time.monotonic()
        for partition, (records, letters) in self._counts(batch).items():
            self._breaker.committed(partition, records, letters, now)

    def _commit(self, next_offsets: Mapping[Partition, int], *, needed: Collection[Partition]) -> bool:
        """Commit; returns True when the outcome was unknown at first, and positions are found anew.

        Offsets of topics that are not the same any more are left out; if one is ``needed``, nothing is committed.
        """
        producer, consumer = self._producers.producer, self._consumers.consumer
        metadata = consumer.group_metadata()
        if metadata is None:
            producer.abort(AbortReason.NOT_IN_GROUP)
        # The ids that the records' positions belong to, before a topic with another id changes them.
        offsets = consumer.flow.offsets(next_offsets)
        try:
            same: set[Partition] | None = consumer.topics.same(next_offsets, self._config.transaction_timeout)
        except (KafkaException, TimeoutError):
            same = None
        if same is None:
            producer.abort(AbortReason.INPUT_TOPIC_UNVERIFIED)
        if not same.issuperset(needed):
            producer.abort(AbortReason.INPUT_TOPIC_RECREATED)
        offsets = [each for each in offsets if (each.topic, each.partition) in same]
        if not offsets:
            producer.end_empty()
            return False
        try:
            producer.commit(offsets, metadata)
        except ProducerLost as lost:
            if not lost.outcome_unknown:
                raise
            self._settle(offsets, lost)
            return True
        consumer.advance({each: next_offsets[each] for each in same})
        return False

    def _settle(self, offsets: Sequence[TopicPartition], lost: ProducerLost) -> None:
        """Find out what became of a commit of unknown outcome; raise TransactionAborted when it did not happen.

        Only the brokers know. They have ended the transaction one way or the other when the next producer has claimed
        the transactional id, and the group's committed offsets show which. Partitions may have come and gone, and
        topics been made anew meanwhile: whichever it was, they go on at what is committed, not at what we remember.
        """
        self._producers.rebuild(lost)
        if not self._consumers.were_committed(offsets, self._on_wait):
            raise TransactionAborted(lost.abort_cause) from lost

    def _check_dead_letters(self, batch: Batch[Message]) -> None:
        """Set partitions aside that have too many dead letters, and abort what holds them."""
        now = time.monotonic()
        flow = self._consumers.consumer.flow
        halted = False
        counts = self._counts(batch)
        for partition, (records, letters) in counts.items():
            if not self._breaker.admits(partition, records, letters, now):
                reasons = ", ".join(sorted(batch.dead_letters[partition]))
                flow.set_aside(
                    partition,
                    Halt(
                        HaltReason.TOO_MANY_DEAD_LETTERS,
                        f"{letters} of {records} records from offset {flow.positions.fetched[partition]} on would"
                        f" become dead letters: {reasons}",
                    ),
                )
                halted = True
        if halted:
            self._producers.producer.abort(AbortReason.TOO_MANY_DEAD_LETTERS)

    def _counts(self, batch: Batch[Message]) -> dict[Partition, tuple[int, int]]:
        """Records and dead letters of each partition that has some, or had some lately: most often of none."""
        if not batch.dead_letters and not self._breaker.is_watching:
            return {}
        records: dict[Partition, int] = {}
        for record in batch.records:
            partition = record_id(record)[:2]
            records[partition] = records.get(partition, 0) + 1
        return {
            partition: (count, sum(batch.dead_letters.get(partition, {}).values()))
            for partition, count in records.items()
        }
