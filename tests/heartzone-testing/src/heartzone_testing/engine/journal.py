"""An observer of the engine that keeps everything it is called with."""

from collections.abc import Mapping, Sequence

from exactly_once import InputRecord, Observer, RebalanceEvent


class Journal(Observer):
    """Keeps everything it is called with."""

    def __init__(self) -> None:
        self.transactions: list[int] = []
        self.aborts: list[str] = []
        self.rebuilds: list[str] = []
        self.dead: dict[str, int] = {}
        self.lags: list[dict[tuple[str, int], int]] = []
        self.assigned: set[tuple[str, int]] = set()

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        self.transactions.append(len(records))

    def aborted(self, reason: str, *, records: int) -> None:
        self.aborts.append(reason)

    def producer_rebuilt(self, reason: str) -> None:
        self.rebuilds.append(reason)

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        self.dead |= reasons

    def lag(self, records: Mapping[tuple[str, int], int]) -> None:
        self.lags.append(dict(records))

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[tuple[str, int]]) -> None:
        self.assigned = (
            self.assigned | set(partitions) if event is RebalanceEvent.ASSIGNED else self.assigned - set(partitions)
        )
