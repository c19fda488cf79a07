"""What a worker tells about itself: subclass and override what you chart.

Every method is called on the worker's own thread, between transactions, and must not raise.
"""

from collections.abc import Mapping, Sequence

from exactly_once.records import InputRecord


class Observer:
    """Hears of everything that happens to a worker and does nothing about it."""

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        """A transaction of these input records was committed; ``seconds`` from begin to commit."""

    def aborted(self, reason: str, *, records: int) -> None:
        """A transaction of so many input records was aborted; they are read again."""

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        """The transaction just committed sent so many records, by reason, to the dead-letter topic."""

    def producer_rebuilt(self, reason: str) -> None:
        """The transactional producer was replaced under the same transactional id."""

    def rebalanced(self, event: str, partitions: Sequence[tuple[str, int]]) -> None:
        """``event`` is assigned, revoked or lost."""

    def waiting(self, reason: str) -> None:
        """Something the worker needs is away; it tries again by itself."""

    def lag(self, records: Mapping[tuple[str, int], int]) -> None:
        """Records not yet processed, by topic and partition assigned now; 0 when idle."""
