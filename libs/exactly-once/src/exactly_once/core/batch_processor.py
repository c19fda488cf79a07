"""One pass over fetched records inside a transaction: transform each, produce what it gives, dead letters included."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from exactly_once.core.assignment import Wait
from exactly_once.core.batching import BatchLimits
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.deduplication import Deduplicator
from exactly_once.core.reasons import HaltReason
from exactly_once.core.records import (
    InputRecord,
    OutputRecord,
    Partition,
    PoisonRecord,
    Scope,
    Transform,
    Unavailable,
    size_of,
)
from exactly_once.core.rejected_records import RecordId, RejectedRecordSearch, record_id
from exactly_once.core.signals import ControlFlow, DeadLetterImpossible, RecordRejected
from exactly_once.core.start_offset import Halt

Outputs: TypeAlias = Sequence[OutputRecord]
RecordT = TypeVar("RecordT", bound=InputRecord)


@dataclass(slots=True)
class Batch(Generic[RecordT]):
    """What a transaction holds, and what it left.

    ``dead_letters`` counts by partition and reason. ``stopped`` has the partitions that cannot go on at
    their next offset; ``behind`` the fetched records of one, from that offset on, where they may lack something, too.
    ``duplicates`` of the records were left out. ``unavailable`` is what nothing at all can go on without. ``settled``:
    the outcome of the commit was unknown at first. ``rest`` was not processed, and can be.
    """

    records: Sequence[RecordT] = ()
    outputs: int = 0
    duplicates: int = 0
    dead_letters: dict[Partition, Counter[str]] = field(default_factory=dict)
    next_offsets: dict[Partition, int] = field(default_factory=dict)
    stopped: dict[Partition, Wait | Halt] = field(default_factory=dict)
    behind: dict[Partition, list[RecordT]] = field(default_factory=dict)
    unavailable: Unavailable | None = None
    settled: bool = False
    rest: Sequence[RecordT] = ()

    @property
    def dead_letters_by_reason(self) -> Counter[str]:
        """Counts of dead letters, all partitions together."""
        return sum(self.dead_letters.values(), Counter())


class BatchProcessor:
    """Applies a transform to records until the transaction is full."""

    def __init__(
        self,
        transform: Transform,
        *,
        limits: BatchLimits,
        dead_letters: DeadLetterTopic | None,
        search: RejectedRecordSearch,
        deduplicator: Deduplicator | None = None,
    ) -> None:
        self._transform = transform
        self._limits = limits
        self._dead_letters = dead_letters
        self._search = search
        self._deduplicator = deduplicator

    def process(self, records: Sequence[RecordT], produce: Callable[[Outputs], int]) -> Batch[RecordT]:
        """Produce what these records give, the first of them when a limit is met.

        A record that cannot be processed now stops its partition: the records behind it are left, and others go on.
        ``produce`` returns the bytes that it took.

        Raises:
            RecordRejected: the client rejects an output; the record is known to the search.
            TransactionAborted, ProducerLost, AuthorizationError: from ``produce``; the transaction is over.
        """
        max_records, max_bytes, monotonic = self._limits.max_records, self._limits.max_bytes, time.monotonic
        deadline = monotonic() + self._limits.max_age
        batch: Batch[RecordT] = Batch()
        next_offsets, stopped, behind = batch.next_offsets, batch.stopped, batch.behind
        if self._deduplicator is not None:
            self._deduplicator.begin()
        count = outputs = size = skipped = 0
        for record in records:
            identity = topic, number, offset = record_id(record)
            partition = topic, number
            if stopped and partition in stopped:
                skipped += 1
                if partition in behind:
                    behind[partition].append(record)
                continue
            try:
                produced = self._outcome(record, identity, batch)
            except Unavailable as unavailable:
                if unavailable.scope is Scope.EVERYTHING:
                    batch.unavailable = unavailable
                    break
                skipped += 1
                stopped[partition] = Wait(unavailable.reason, unavailable.ready)
                if unavailable.scope is Scope.RECORD:
                    behind[partition] = [record]
                continue
            except DeadLetterImpossible as impossible:
                skipped += 1
                stopped[partition] = Halt(HaltReason.DEAD_LETTER_IMPOSSIBLE, str(impossible))
                continue
            try:
                size += produce(produced)
            except RecordRejected as rejection:
                self._search.record_rejected(identity, str(rejection))
                raise
            outputs += len(produced)
            count += 1
            size += size_of(record)
            next_offsets[partition] = offset + 1
            if count >= max_records or size >= max_bytes or monotonic() >= deadline:
                break
        batch.outputs = outputs
        end = count + skipped
        batch.records, batch.rest = records[:end], records[end:]
        if skipped:
            _leave_out_what_stopped(batch)
        return batch

    def _outcome(self, record: RecordT, identity: RecordId, batch: Batch[RecordT]) -> Outputs:
        """The outputs of a record, or its dead letter; nothing for a duplicate."""
        rejected = self._search.rejected
        try:
            if self._deduplicator is not None and self._deduplicator.is_duplicate(record, identity):
                batch.duplicates += 1
                return ()
            if rejected and identity in rejected:
                raise rejected[identity]
            outputs: Iterable[Any] = self._transform(record)
            if outputs is None:
                raise TypeError("the transform returned None; it returns the records of this one, or an empty list")
            # A generator may still raise half-way, and then none of its records may be in the transaction.
            return outputs if isinstance(outputs, list) else list(outputs)
        except PoisonRecord as poison:
            letter = self._dead_letter(record, poison)
            batch.dead_letters.setdefault(identity[:2], Counter())[poison.reason] += 1
            return [letter]
        except ControlFlow:
            raise
        except Exception as error:
            error.add_note(f"in the transform, at {record.topic()}[{record.partition()}] offset {record.offset()}")
            raise

    def _dead_letter(self, record: InputRecord, poison: PoisonRecord) -> OutputRecord:
        if self._dead_letters is None:
            raise DeadLetterImpossible(
                f"offset {record.offset()} cannot be processed ({poison.detail}), and there is no dead-letter topic"
            ) from poison
        own_timestamp = record_id(record) not in self._search.untimed
        return self._dead_letters.dead_letter(record, poison, own_timestamp=own_timestamp)


def _leave_out_what_stopped(batch: Batch[RecordT]) -> None:
    """Sort the records of stopped partitions out of those that were processed and those that can be."""
    nothing = -1
    batch.records = [
        record
        for record in batch.records
        if record_id(record)[2] < batch.next_offsets.get(record_id(record)[:2], nothing)
    ]
    rest = []
    for record in batch.rest:
        partition = record_id(record)[:2]
        if partition in batch.behind:
            batch.behind[partition].append(record)
        elif partition not in batch.stopped:
            rest.append(record)
    batch.rest = rest
