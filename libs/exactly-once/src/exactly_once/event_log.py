"""The log of a worker's events, by the standard library's ``logging``: what a worker has without another observer.

A line begins with a constant name and goes on with its fields, so that it is of use where nothing is configured; the
name and the fields are attributes of the log record as well (``event``, ``reason``, …), for formatters of JSON.
"""

import logging
from collections.abc import Mapping, Sequence

from exactly_once.core.reasons import HaltReason, RebalanceEvent, RiskReason
from exactly_once.core.records import InputRecord, Partition
from exactly_once.observer import Observer


class EventLog(Observer):
    """Logs each event but the lag: what a person has to look at as a warning, transactions for debugging, the rest as
    info.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("exactly_once")

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        """Log a transaction, for a close look."""
        self._log(logging.DEBUG, "transaction_committed", records=len(records), outputs=outputs, seconds=seconds)

    def aborted(self, reason: str, *, records: int) -> None:
        """Log an abort: it is part of every rebalance, and one that repeats is a wait."""
        self._log(logging.INFO, "transaction_aborted", reason=str(reason), records=records)

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        """Log dead letters, a line for each reason."""
        for reason, records in reasons.items():
            self._log(logging.WARNING, "records_dead_lettered", reason=str(reason), records=records)

    def deduplicated(self, records: int) -> None:
        """Log duplicates: what was sent again for want of a response."""
        self._log(logging.INFO, "duplicates_dropped", records=records)

    def producer_rebuilt(self, reason: str) -> None:
        """Log a rebuild."""
        self._log(logging.INFO, "producer_rebuilt", reason=str(reason))

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[Partition]) -> None:
        """Log a rebalance."""
        named = [f"{topic}[{number}]" for topic, number in partitions]
        self._log(logging.INFO, "group_rebalanced", change=event.value, partitions=named)

    def partition_waiting(self, partition: Partition, reason: str) -> None:
        """Log what a partition waits for."""
        self._log_partition(logging.WARNING, "partition_waiting", partition, reason=str(reason))

    def partition_halted(self, partition: Partition, reason: HaltReason, detail: str) -> None:
        """Log why a partition is halted."""
        self._log_partition(logging.WARNING, "partition_halted", partition, reason=reason.value, detail=detail)

    def partition_resumed(self, partition: Partition) -> None:
        """Log that a partition goes on."""
        self._log_partition(logging.INFO, "partition_resumed", partition)

    def topic_recreated(self, partition: Partition, old_id: str, new_id: str) -> None:
        """Log it: what the old topic held and was not processed is gone with it."""
        self._log_partition(logging.WARNING, "topic_recreated", partition, old_id=old_id, new_id=new_id)

    def promise_at_risk(self, risks: Mapping[RiskReason, str]) -> None:
        """Log which settings of the brokers put the promise at risk."""
        for reason, detail in risks.items():
            self._log(logging.WARNING, "promise_at_risk", reason=reason.value, detail=detail)

    def waiting(self, reason: str) -> None:
        """Log what is unavailable."""
        self._log(logging.WARNING, "worker_waiting", reason=str(reason))

    def credentials_rejected(self, reason: str) -> None:
        """Log that a broker rejects the credentials."""
        self._log(logging.ERROR, "credentials_rejected", reason=reason)

    def _log_partition(self, level: int, event: str, partition: Partition, **fields: object) -> None:
        self._log(level, event, topic=partition[0], partition=partition[1], **fields)

    def _log(self, level: int, event: str, **fields: object) -> None:
        if self._logger.isEnabledFor(level):
            text = " ".join(["%s", *(f"{name}=%r" for name in fields)])
            self._logger.log(level, text, event, *fields.values(), extra={"event": event, **fields})
