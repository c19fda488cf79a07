"""Bookkeeping of a consumer: the next offset of each assigned partition, and how far it is behind."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from exactly_once.core.records import InputRecord, Partition

Record = TypeVar("Record", bound=InputRecord)


class Positions:
    """Positions and ends of the partitions that are assigned now.

    ``offsets`` is the next offset to process of each: what is committed, and where a rewind goes to.
    """

    def __init__(self) -> None:
        self.offsets: dict[Partition, int] = {}
        self._stable_offsets: dict[Partition, int] = {}
        self._ends: dict[Partition, int] = {}

    def assign(self, starts: Mapping[Partition, int]) -> None:
        """These partitions begin at these offsets."""
        self.offsets.update(starts)

    def drop(self, partitions: Iterable[Partition]) -> None:
        """These partitions are not ours any more."""
        for partition in partitions:
            for kept in (self.offsets, self._ends, self._stable_offsets):
                kept.pop(partition, None)

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """These offsets are committed."""
        self.offsets.update(next_offsets)

    def due(self, records: Sequence[Record]) -> list[Record]:
        """Those of fetched records that are ours and not processed yet; no other may reach a transaction."""
        offsets, nowhere = self.offsets, math.inf
        return [
            record
            for record in records
            if (record.offset() or 0) >= offsets.get((record.topic() or "", record.partition() or 0), nowhere)
        ]

    def end_reached(self, partition: Partition, offset: int) -> None:
        """The consumer has fetched everything before this offset, which lies behind trailing control records."""
        if partition in self.offsets:
            self._ends[partition] = self._stable_offsets[partition] = offset

    def rewound(self) -> None:
        """The consumer fetches from ``offsets`` again."""
        self._ends.clear()

    def update_stable_offsets(self, offsets: Mapping[Partition, int]) -> None:
        """The brokers' last stable offsets, before which every transaction has ended."""
        self._stable_offsets.update({key: offset for key, offset in offsets.items() if key in self.offsets})

    def committed_up_to(self, next_offsets: Mapping[Partition, int]) -> bool:
        """Return True when the positions are at or behind all of these offsets."""
        return all(self.offsets.get(partition, -1) >= offset for partition, offset in next_offsets.items())

    def lag(self) -> dict[Partition, int]:
        """Records behind the last stable offset, by partition; call it when no fetched record is unprocessed.

        At the end of a partition it is 0 whatever control records follow the last record: nothing before the end
        that the broker reports is left to process.
        """
        for partition, end in self._ends.items():
            self.offsets[partition] = max(self.offsets[partition], end)
        self._ends.clear()
        return {
            partition: max(0, self._stable_offsets[partition] - position)
            for partition, position in self.offsets.items()
            if partition in self._stable_offsets
        }
