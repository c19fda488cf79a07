"""The log of the worker's events: what a person would want to know."""

from collections.abc import Mapping, Sequence

import structlog

from exactly_once import HaltReason, InputRecord, Observer, Partition, RebalanceEvent, RiskReason

log = structlog.get_logger(__name__)


class EventLog(Observer):
    """Logs each event; the lag is a metric alone."""

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        """Log a transaction, for a close look."""
        log.debug("transaction_committed", records=len(records), outputs=outputs, seconds=round(seconds, 4))

    def aborted(self, reason: str, *, records: int) -> None:
        """Log an abort."""
        log.warning("transaction_aborted", reason=reason, records=records)

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        """Log dead letters, counted by reason."""
        log.warning("records_dead_lettered", **reasons)

    def deduplicated(self, records: int) -> None:
        """Log duplicates."""
        log.info("duplicates_dropped", records=records)

    def producer_rebuilt(self, reason: str) -> None:
        """Log a rebuild."""
        log.warning("producer_rebuilt", reason=reason)

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[Partition]) -> None:
        """Log a rebalance."""
        log.info("group_rebalanced", change=event.value, partitions=[number for _topic, number in partitions])

    def partition_waiting(self, partition: Partition, reason: str) -> None:
        """Log what a partition waits for."""
        log.info("partition_waiting", topic=partition[0], partition=partition[1], reason=reason)

    def partition_halted(self, partition: Partition, reason: HaltReason, detail: str) -> None:
        """Log that a partition is halted, loudly."""
        log.error("partition_halted", topic=partition[0], partition=partition[1], reason=reason.value, detail=detail)

    def partition_resumed(self, partition: Partition) -> None:
        """Log that a partition goes on."""
        log.info("partition_resumed", topic=partition[0], partition=partition[1])

    def topic_recreated(self, partition: Partition, old_id: str, new_id: str) -> None:
        """Log it, loudly: what the old topic held and was not processed is gone with it."""
        log.error("topic_recreated", topic=partition[0], partition=partition[1], old_id=old_id, new_id=new_id)

    def promise_at_risk(self, risks: Mapping[RiskReason, str]) -> None:
        """Log which settings of the brokers put the promise at risk."""
        for reason, detail in risks.items():
            log.warning("promise_at_risk", reason=reason.value, detail=detail)

    def credentials_rejected(self, reason: str) -> None:
        """Log that a broker rejects the credentials, loudly: only a person can give others."""
        log.error("credentials_rejected", reason=reason)

    def waiting(self, reason: str) -> None:
        """Log what is unavailable."""
        log.warning("worker_waiting", reason=reason)
