"""Filling a transaction: records in, the transform's records out, poison to the dead letters."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Message

from exactly_once.config import WorkerConfig
from exactly_once.dead_letters import dead_letter
from exactly_once.errors import Poisoned
from exactly_once.records import OutputRecord, PlainRecord, PoisonRecord, Transform, Unavailable
from exactly_once.source import Partition
from exactly_once.transactions import Transactions, Unproducible


class Batch(NamedTuple):
    """What a transaction holds."""

    records: int
    outputs: int
    dead_letters: Counter[str]
    next_offsets: dict[Partition, int]


class Filling:
    """Applies the transform to records until the transaction is full."""

    def __init__(self, config: WorkerConfig, transform: Transform) -> None:
        self._config = config
        self._transform = transform
        self._condemned: dict[tuple[str, int, int], PoisonRecord] = {}

    def fill(self, transactions: Transactions, messages: Sequence[Message], started: float) -> Batch:
        """Produce what these records give, the first of them when a limit is met; at least one record is taken.

        Raises:
            Unavailable: from the transform; the transaction is open.
            Aborted, ProducerLost: the transaction is over.
            Poisoned: a poison record, and no dead-letter topic.
        """
        limits = self._config.limits
        next_offsets: dict[Partition, int] = {}
        dead_letters: Counter[str] = Counter()
        records = outputs = size = 0
        for index, message in enumerate(messages):
            topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
            try:
                produced = self._apply(message)
            except PoisonRecord as poison:
                produced = [self._dead_letter(message, poison)]
                dead_letters[poison.reason] += 1
            except Unavailable:
                self._try_all(messages[index + 1 :])
                raise
            try:
                transactions.produce(produced)
            except Unproducible as refusal:
                self.condemn(message, str(refusal))
                transactions.abort("unproducible")
            outputs += len(produced)
            records += 1
            size += len(message)
            next_offsets[topic, partition] = offset + 1
            if limits.reached(records=records, size=size, age=time.monotonic() - started):
                break
        return Batch(records, outputs, dead_letters, next_offsets)

    def _apply(self, message: Message) -> Sequence[OutputRecord] | Sequence[PlainRecord]:
        if self._condemned:
            poison = self._condemned.get((message.topic() or "", message.partition() or 0, message.offset() or 0))
            if poison is not None:
                raise poison
        produced: Iterable[Any] = self._transform(message)
        if produced is None:
            raise TypeError(
                f"the transform returned None for {message.topic()}[{message.partition()}] offset {message.offset()};"
                " it returns the records that this one gives, or an empty list"
            )
        # A generator may still raise half-way, and then none of its records may be in the transaction.
        return produced if isinstance(produced, list) else list(produced)

    def _dead_letter(self, message: Message, poison: PoisonRecord) -> OutputRecord:
        if self._config.dead_letter_topic is None:
            raise Poisoned(
                f"{message.topic()}[{message.partition()}] offset {message.offset()} cannot be processed"
                f" ({poison.detail}) and there is no dead-letter topic to put it in"
            ) from poison
        return dead_letter(
            message,
            poison,
            topic=self._config.dead_letter_topic,
            header_prefix=self._config.dead_letter_header_prefix,
        )

    def topics_of(self, messages: Sequence[Message]) -> set[str]:
        """The topics that the outputs of these records go to."""
        topics: set[str] = set()
        for message in messages:
            with contextlib.suppress(PoisonRecord, Unavailable):
                topics.update(record[0] for record in self._apply(message))
        return topics

    def _try_all(self, messages: Sequence[Message]) -> None:
        """Let the transform ask for all that it lacks at once, instead of for one thing after the other."""
        for message in messages:
            with contextlib.suppress(PoisonRecord, Unavailable):
                self._apply(message)

    def condemn(self, message: Message, detail: str) -> None:
        """Remember that this record goes to the dead letters as a whole: what it gives cannot be produced.

        Raises:
            Poisoned: the record was condemned already, so it does not fit the dead-letter topic either.
        """
        position = (message.topic() or "", message.partition() or 0, message.offset() or 0)
        if position in self._condemned:
            raise Poisoned(
                f"{message.topic()}[{message.partition()}] offset {message.offset()} does not fit the dead-letter topic"
                f" either ({detail}); raise message.max.bytes of the producer and max.message.bytes of the topic"
            )
        self._condemned[position] = PoisonRecord("unproducible", f"what it gives cannot be produced: {detail}")

    def forget_condemned(self) -> None:
        """The records condemned so far are committed."""
        self._condemned.clear()
