"""Bookkeeping of a consumer: the next offset of each partition, what of it is committed, how far it is behind."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from exactly_once.core.records import InputRecord, Partition

Record = TypeVar("Record", bound=InputRecord)


class Positions:
    """Positions and ends of partitions.

    ``fetched`` is the next offset to process of each partition that is fetched: what is committed, and where a rewind
    goes to. ``held`` is the same of those that are set aside.
    """

    def __init__(self) -> None:
        self.fetched: dict[Partition, int] = {}
        self.held: dict[Partition, int] = {}
        self._committed: dict[Partition, int] = {}
        self._stable_offsets: dict[Partition, int] = {}
        self._ends: dict[Partition, int] = {}

    def fetch(self, starts: Mapping[Partition, int]) -> None:
        """These partitions are fetched from these offsets."""
        self.fetched.update(starts)
        for partition in starts:
            self.held.pop(partition, None)

    def hold(self, partition: Partition, position: int) -> None:
        """This partition is not fetched for the time being; it will go on here."""
        self.fetched.pop(partition, None)
        self._ends.pop(partition, None)
        self.held[partition] = position

    def drop(self, partitions: Iterable[Partition]) -> None:
        """These partitions are not ours any more, or their positions are to be found anew."""
        for partition in partitions:
            for kept in (self.fetched, self.held, self._committed, self._ends, self._stable_offsets):
                kept.pop(partition, None)

    def committed(self, next_offsets: Mapping[Partition, int]) -> None:
        """The group has these offsets committed."""
        self._committed.update(next_offsets)

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """Everything before these offsets is processed, and they are committed."""
        for partition, offset in next_offsets.items():
            if partition in self.fetched:
                self.fetched[partition] = offset
        self.committed(next_offsets)

    def due(self, records: Sequence[Record]) -> list[Record]:
        """Those of fetched records that are ours and not processed yet; no other may reach a transaction."""
        offsets, nowhere = self.fetched, math.inf
        return [
            record
            for record in records
            if (record.offset() or 0) >= offsets.get((record.topic() or "", record.partition() or 0), nowhere)
        ]

    def end_reached(self, partition: Partition, offset: int) -> None:
        """The consumer has fetched everything before this offset, which lies behind trailing control records."""
        if partition in self.fetched:
            self._ends[partition] = self._stable_offsets[partition] = offset

    def rewound(self) -> None:
        """The consumer fetches from ``fetched`` again."""
        self._ends.clear()

    def pass_control_records(self) -> list[Partition]:
        """Go on behind the control records at the ends of partitions; call it when no fetched record is unprocessed.

        Returns the partitions at their ends: nothing before the end that the broker reports is left to process.
        """
        at_ends = list(self._ends)
        for partition, end in self._ends.items():
            self.fetched[partition] = max(self.fetched[partition], end)
        self._ends.clear()
        return at_ends

    def uncommitted(self) -> dict[Partition, int]:
        """Positions that the group has not committed: behind control records, or where a partition started.

        Of fetched partitions alone: one that is halted keeps what is committed, by which a person moves it.
        """
        return {
            partition: offset for partition, offset in self.fetched.items() if self._committed.get(partition) != offset
        }

    def never_committed(self) -> dict[Partition, int]:
        """Starts of fetched partitions for which the group has nothing that is known to be right."""
        return {partition: offset for partition, offset in self.fetched.items() if partition not in self._committed}

    def update_stable_offsets(self, offsets: Mapping[Partition, int]) -> None:
        """The brokers' last stable offsets, before which every transaction has ended."""
        for partition, offset in offsets.items():
            if partition in self.fetched or partition in self.held:
                self._stable_offsets[partition] = offset

    def lag(self) -> dict[Partition, int]:
        """Records behind the last stable offset, by partition; those of which it is not known are left out."""
        return {
            partition: max(0, self._stable_offsets[partition] - offset)
            for positions in (self.fetched, self.held)
            for partition, offset in positions.items()
            if partition in self._stable_offsets
        }
