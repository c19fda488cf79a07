"""Events of a worker: subclass ``Observer`` and override what you chart.

Every method is called on the worker's own thread, between transactions. What it raises is logged as
``observer_failed``, and changes nothing for the worker.
"""

from collections.abc import Mapping, Sequence

from exactly_once.core.reasons import HaltReason, RebalanceEvent, RiskReason
from exactly_once.core.records import InputRecord, Partition


class Observer:
    """Receives the events of a worker; this one ignores them.

    A ``reason`` is a member of ``exactly_once.core.reasons``, the name of librdkafka's error, like ``fenced``, or the
    reason of a ``PoisonRecord`` or ``Unavailable`` that the transform raised.
    """

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        """A transaction of these input records was committed; ``seconds`` from begin to commit."""

    def aborted(self, reason: str, *, records: int) -> None:
        """A transaction of so many input records was aborted; they are fetched again."""

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        """The transaction that ``committed`` reported sent so many records, by reason, to the dead-letter topic."""

    def deduplicated(self, records: int) -> None:
        """The transaction that ``committed`` reported left out so many records, as duplicates."""

    def producer_rebuilt(self, reason: str) -> None:
        """The transactional producer was replaced under the same transactional id."""

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[Partition]) -> None:
        """Partitions were assigned, revoked or lost."""

    def partition_waiting(self, partition: Partition, reason: str) -> None:
        """A partition waits for something that its next record needs; the others go on."""

    def partition_halted(self, partition: Partition, reason: HaltReason, detail: str) -> None:
        """A partition is set aside until something is changed, as ``detail`` says in a sentence; the others go on."""

    def partition_resumed(self, partition: Partition) -> None:
        """A partition that waited or was halted is processed again, or is not ours any more."""

    def topic_recreated(self, partition: Partition, old_id: str, new_id: str) -> None:
        """The topic of a partition was deleted and created again: the new one is read from its beginning."""

    def promise_at_risk(self, risks: Mapping[RiskReason, str]) -> None:
        """The settings of the brokers were compared with what the promise needs; each risk with a sentence."""

    def waiting(self, reason: str) -> None:
        """Something that the worker needs is unavailable; it retries by itself."""

    def credentials_rejected(self, reason: str) -> None:
        """For some time a broker has rejected the credentials, as it says; the worker goes on as far as it can."""

    def lag(self, records: Mapping[Partition, int]) -> None:
        """Records not yet processed, by topic and partition assigned now; 0 when idle."""
