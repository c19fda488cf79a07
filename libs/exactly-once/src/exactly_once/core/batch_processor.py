"""One pass over fetched records inside a transaction: transform each, produce what it gives, dead letters included."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from exactly_once.core.batching import BatchLimits
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.records import (
    InputRecord,
    OutputRecord,
    Partition,
    PlainRecord,
    PoisonRecord,
    Transform,
    Unavailable,
)
from exactly_once.core.rejected_records import RejectedRecordSearch, record_id
from exactly_once.core.signals import RecordRejected
from exactly_once.errors import DeadLetterError

Outputs: TypeAlias = Sequence[OutputRecord] | Sequence[PlainRecord]


class Batch(NamedTuple):
    """What a transaction holds: counts of input and output records, dead letters by reason, and where to go on."""

    records: int
    outputs: int
    dead_letters: Counter[str]
    next_offsets: dict[Partition, int]


class BatchProcessor:
    """Applies a transform to records until the transaction is full."""

    def __init__(
        self,
        transform: Transform,
        *,
        limits: BatchLimits,
        dead_letters: DeadLetterTopic | None,
        search: RejectedRecordSearch,
    ) -> None:
        self._transform = transform
        self._limits = limits
        self._dead_letters = dead_letters
        self._search = search

    def process(self, records: Sequence[InputRecord], produce: Callable[[Outputs], None]) -> Batch:
        """Produce what these records give, the first of them when a limit is met; at least one record is processed.

        Once the transform misses something, the transaction is lost. The others are transformed all the same, without
        being produced, so that a transform looks up all that it lacks in one pass, and not one thing in each.

        Raises:
            Unavailable: the first that the transform raised.
            RecordRejected: the client rejects an output; the record is known to the search.
            DeadLetterError: a poison record, and no dead-letter topic that takes it.
            TransactionAborted, ProducerLost, AuthorizationError: from ``produce``; the transaction is over.
        """
        limits, rejected, started = self._limits, self._search.rejected, time.monotonic()
        next_offsets: dict[Partition, int] = {}
        dead_letters: Counter[str] = Counter()
        unavailable: Unavailable | None = None
        count = outputs = size = 0
        for record in records:
            identity = topic, partition, offset = record_id(record)
            produced: Outputs = ()
            try:
                if rejected and identity in rejected:
                    raise rejected[identity]
                produced = self._transformed(record)
            except PoisonRecord as poison:
                if unavailable is None:
                    produced = [self._dead_letter(record, poison)]
                    dead_letters[poison.reason] += 1
            except Unavailable as error:
                unavailable = unavailable or error
            if unavailable is None:
                try:
                    produce(produced)
                except RecordRejected as rejection:
                    self._search.record_rejected(identity, str(rejection))
                    raise
                outputs += len(produced)
            count += 1
            size += len(record)
            next_offsets[topic, partition] = offset + 1
            if limits.reached(records=count, size=size, age=time.monotonic() - started):
                break
        if unavailable is not None:
            raise unavailable
        return Batch(count, outputs, dead_letters, next_offsets)

    def _transformed(self, record: InputRecord) -> Outputs:
        outputs: Iterable[Any] = self._transform(record)
        if outputs is None:
            raise TypeError(
                f"the transform returned None for {record.topic()}[{record.partition()}] offset {record.offset()};"
                " it returns the records that this one gives, or an empty list"
            )
        # A generator may still raise half-way, and then none of its records may be in the transaction.
        return outputs if isinstance(outputs, list) else list(outputs)

    def _dead_letter(self, record: InputRecord, poison: PoisonRecord) -> OutputRecord:
        if self._dead_letters is None:
            raise DeadLetterError(
                f"{record.topic()}[{record.partition()}] offset {record.offset()} cannot be processed ({poison.detail})"
                " and no dead-letter topic is configured"
            ) from poison
        own_timestamp = record_id(record) not in self._search.untimed
        return self._dead_letters.dead_letter(record, poison, own_timestamp=own_timestamp)
