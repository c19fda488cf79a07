"""An observer of the engine that keeps everything it is called with."""

from collections.abc import Mapping, Sequence

from exactly_once import HaltReason, InputRecord, Observer, RebalanceEvent, RiskReason


class Journal(Observer):
    """Keeps everything it is called with."""

    def __init__(self) -> None:
        self.transactions: list[int] = []
        self.aborts: list[str] = []
        self.rebuilds: list[str] = []
        self.dead: dict[str, int] = {}
        self.duplicates = 0
        self.lags: list[dict[tuple[str, int], int]] = []
        self.assigned: set[tuple[str, int]] = set()
        self.joined = 0
        """Assignments so far."""
        self.waits: list[tuple[tuple[str, int], str]] = []
        """Of partitions."""
        self.worker_waits: list[str] = []
        """Reasons for which the whole worker waited."""
        self.halts: dict[tuple[str, int], tuple[HaltReason, str]] = {}
        """Partitions that are halted now, each with the reason and the sentence."""
        self.recreated: list[tuple[tuple[str, int], str, str]] = []
        self.risks: dict[RiskReason, str] | None = None

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        self.transactions.append(len(records))

    def aborted(self, reason: str, *, records: int) -> None:
        self.aborts.append(reason)

    def producer_rebuilt(self, reason: str) -> None:
        self.rebuilds.append(reason)

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        self.dead |= reasons

    def deduplicated(self, records: int) -> None:
        self.duplicates += records

    def lag(self, records: Mapping[tuple[str, int], int]) -> None:
        self.lags.append(dict(records))

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[tuple[str, int]]) -> None:
        self.joined += event is RebalanceEvent.ASSIGNED
        self.assigned = (
            self.assigned | set(partitions) if event is RebalanceEvent.ASSIGNED else self.assigned - set(partitions)
        )

    def waiting(self, reason: str) -> None:
        self.worker_waits.append(reason)

    def partition_waiting(self, partition: tuple[str, int], reason: str) -> None:
        self.waits.append((partition, reason))

    def partition_halted(self, partition: tuple[str, int], reason: HaltReason, detail: str) -> None:
        self.halts[partition] = reason, detail

    def partition_resumed(self, partition: tuple[str, int]) -> None:
        self.halts.pop(partition, None)

    def topic_recreated(self, partition: tuple[str, int], old_id: str, new_id: str) -> None:
        self.recreated.append((partition, old_id, new_id))

    def promise_at_risk(self, risks: Mapping[RiskReason, str]) -> None:
        self.risks = dict(risks)
