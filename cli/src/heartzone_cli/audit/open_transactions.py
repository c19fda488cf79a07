"""Transactions that stay open: the last stable offset of a partition stands below its end for too long. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Partition = tuple[str, int]


@dataclass(slots=True)
class OpenTransactions:
    """Follows the offsets of partitions. `limit`: seconds for which a last stable offset may stand."""

    limit: float
    _since: dict[Partition, tuple[int, float]] = field(default_factory=dict)
    _hanging: dict[Partition, int] = field(default_factory=dict)

    def observe(self, partition: Partition, last_stable: int, end: int, now: float) -> bool:
        """Take the offsets of a partition; True when a transaction is found to hang in it that was not before."""
        if last_stable >= end:
            self._since.pop(partition, None)
            self._hanging.pop(partition, None)
            return False
        offset, since = self._since.get(partition, (-1, now))
        if offset != last_stable:
            self._since[partition] = last_stable, now
            self._hanging.pop(partition, None)
            return False
        if now - since < self.limit or partition in self._hanging:
            return False
        self._hanging[partition] = last_stable
        return True

    @property
    def open(self) -> Mapping[Partition, int]:
        """The last stable offsets of partitions in which a transaction is open, and not found to hang."""
        return {each: offset for each, (offset, _) in self._since.items() if each not in self._hanging}

    @property
    def hanging(self) -> frozenset[Partition]:
        """Partitions in which a transaction hangs."""
        return frozenset(self._hanging)
