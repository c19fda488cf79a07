"""A test driver for a transform: the engine's own batch processor in memory, without broker, client or network."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from exactly_once.core.assignment import Wait
from exactly_once.core.batch_processor import Batch, BatchProcessor, Outputs
from exactly_once.core.batching import BatchLimits
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.deduplication import Deduplication, Deduplicator
from exactly_once.core.key_window import KeyWindow
from exactly_once.core.reasons import HaltReason
from exactly_once.core.records import (
    Headers,
    InputRecord,
    OutputRecord,
    Partition,
    Scope,
    Transform,
)
from exactly_once.core.rejected_records import RejectedRecordSearch
from exactly_once.core.start_offset import Halt

CREATE_TIME = 1
"""The timestamp type of a record that carries its producer's clock."""


class PipedRecord:
    """A record as a transform receives it; see ``InputRecord``."""

    def __init__(
        self,
        value: bytes | None,
        key: bytes | None,
        *,
        origin: tuple[str, int, int],
        headers: Headers | None,
        timestamp: int | None,
    ) -> None:
        self._value = value
        self._key = key
        self._topic, self._partition, self._offset = origin
        self._headers = list(headers) if headers else None
        self._timestamp = timestamp

    def topic(self) -> str:
        """Topic the record was piped into."""
        return self._topic

    def partition(self) -> int:
        """Partition the record was piped into."""
        return self._partition

    def offset(self) -> int:
        """Offset of the record in its partition, counted from 0."""
        return self._offset

    def key(self) -> bytes | None:
        """Key bytes, None where the record has none."""
        return self._key

    def value(self) -> bytes | None:
        """Value bytes, None for a tombstone."""
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Headers, None where the record has none."""
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        """Timestamp type (0 when there is none) and milliseconds since the epoch."""
        return (0, 0) if self._timestamp is None else (CREATE_TIME, self._timestamp)

    def __len__(self) -> int:
        return len(self._value or b"")

    def __repr__(self) -> str:
        return f"<{self._topic}[{self._partition}] offset {self._offset}: {self._value!r}>"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that cannot be processed at present, and what of the input waits with it (``scope``)."""

    record: InputRecord
    reason: str
    scope: Scope
    ready: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Halted:
    """A record at which its partition is halted, for a reason that only a person can remove."""

    record: InputRecord
    reason: HaltReason
    detail: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: what a ``read_committed`` reader would see of it, and what was left.

    ``outputs`` are without ``dead_letters``; both are in the order in which they were produced. ``records`` are
    those that were processed. ``reasons`` counts the dead letters by reason.
    """

    outputs: list[OutputRecord] = field(default_factory=list)
    dead_letters: list[OutputRecord] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    records: Sequence[InputRecord] = ()
    waiting: list[Waiting] = field(default_factory=list)
    halted: list[Halted] = field(default_factory=list)


class TransformTestDriver:
    """Pipes records into a transform, and runs the transactions that a worker would run over them.

    ``look_ahead``, ``dead_letter_topic``, ``dead_letter_header_prefix``, ``limits`` and ``deduplication`` are those of
    ``Worker`` and ``WorkerConfig``; ``topic`` is where records are piped into unless they name another. What waits or
    is left over stays piped in, in its order, and is due in the next transaction; a test decides when that is. A
    partition that is halted stays so. A record that is piped in without a timestamp is never a duplicate.
    ``clock`` returns the seconds since the epoch that dead letters have as their time.
    """

    def __init__(
        self,
        transform: Transform,
        *,
        look_ahead: Callable[[Sequence[InputRecord]], None] | None = None,
        topic: str = "input",
        dead_letter_topic: str | None = "dead-letters",
        dead_letter_header_prefix: str = "dlq.",
        limits: BatchLimits | None = None,
        deduplication: Deduplication | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.pending: list[PipedRecord] = []
        """Records that are not processed yet."""
        self._look_ahead = look_ahead
        self._topic = topic
        self._dead_letters = (
            DeadLetterTopic(dead_letter_topic, dead_letter_header_prefix, clock=clock)
            if dead_letter_topic is not None
            else None
        )
        limits = limits or BatchLimits()
        self._deduplicator: Deduplicator | None = None
        if (policy := deduplication) is not None:
            self._deduplicator = Deduplicator(policy, lambda *_: _NothingBefore(KeyWindow(policy.window)))
        self._processor = BatchProcessor(
            transform,
            limits=limits,
            dead_letters=self._dead_letters,
            search=RejectedRecordSearch(limits.max_records),
            deduplicator=self._deduplicator,
        )
        self._ends: Counter[Partition] = Counter()
        self._halted: dict[Partition, Halted] = {}

    def pipe(
        self,
        value: bytes | None,
        key: bytes | None = None,
        *,
        topic: str | None = None,
        partition: int = 0,
        headers: Headers | None = None,
        timestamp: int | None = None,
    ) -> PipedRecord:
        """Append a record to its partition; ``timestamp`` is in milliseconds since the epoch."""
        name = topic if topic is not None else self._topic
        origin = (name, partition, self._ends[name, partition])
        self._ends[name, partition] += 1
        record = PipedRecord(value, key, origin=origin, headers=headers, timestamp=timestamp)
        self.pending.append(record)
        return record

    def run_once(self, *, abort: bool = False) -> Transaction:
        """Run one transaction over what is piped in, as a worker would.

        With ``abort`` it is aborted at its end, as every rebalance may abort one: all of its records are due again, so
        that a test sees whether the transform gives the same for them. What it would have held is returned.
        """
        due = [each for each in self.pending if (each.topic(), each.partition()) not in self._halted]
        produced: list[OutputRecord] = []

        def produce(outputs: Outputs) -> int:
            produced.extend(outputs)
            return sum(map(_output_size, outputs))

        batch = self._processor.process(due, produce)
        transaction = self._transaction(batch, produced)
        if not abort:
            self._commit(batch, transaction)
        return transaction

    def _transaction(self, batch: Batch[PipedRecord], produced: Sequence[OutputRecord]) -> Transaction:
        transaction = Transaction(records=batch.records, reasons=batch.dead_letters_by_reason)
        for output in produced:
            (transaction.dead_letters if self._is_dead_letter(output) else transaction.outputs).append(output)
        for partition, trouble in batch.stopped.items():
            record = self._first_left(batch, partition)
            if isinstance(trouble, Wait):
                scope = Scope.RECORD if partition in batch.behind else Scope.PARTITION
                transaction.waiting.append(Waiting(record, trouble.reason, scope, trouble.ready))
            else:
                transaction.halted.append(_halted(record, trouble))
        if batch.unavailable is not None:
            lacking = batch.unavailable
            transaction.waiting.append(Waiting(batch.rest[0], lacking.reason, lacking.scope, lacking.ready))
        return transaction

    def _commit(self, batch: Batch[PipedRecord], transaction: Transaction) -> None:
        processed = set(map(id, batch.records))
        self.pending = [each for each in self.pending if id(each) not in processed]
        if self._deduplicator is not None:
            self._deduplicator.committed(batch.next_offsets)
        for halted in transaction.halted:
            self._halted[halted.record.topic() or "", halted.record.partition() or 0] = halted
        if self._look_ahead is not None:
            for behind in batch.behind.values():
                self._look_ahead(behind)

    def _first_left(self, batch: Batch[PipedRecord], partition: Partition) -> PipedRecord:
        """The record at which a partition stopped."""
        return next(_of(partition, self.pending, batch.next_offsets.get(partition, 0)))

    def _is_dead_letter(self, output: OutputRecord) -> bool:
        """Whether the engine made it: a transform may write to the dead-letter topic, too."""
        letters = self._dead_letters
        return (
            letters is not None
            and output.topic == letters.name
            and any(name == f"{letters.header_prefix}reason" for name, _value in output.headers)
        )


@dataclass(frozen=True, slots=True)
class _NothingBefore:
    """The window before the first record that is piped in."""

    window: KeyWindow

    def done(self) -> bool:
        return True

    def cancel(self) -> None:
        pass


def _of(partition: Partition, records: Sequence[PipedRecord], offset: int) -> Iterator[PipedRecord]:
    return (each for each in records if (each.topic(), each.partition()) == partition and each.offset() >= offset)


def _halted(record: InputRecord, halt: Halt) -> Halted:
    return Halted(record, halt.reason, halt.detail)


def _output_size(output: OutputRecord) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in output.headers)
    return len(output.value or b"") + len(output.key or b"") + headers
