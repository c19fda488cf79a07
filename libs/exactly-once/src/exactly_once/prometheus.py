"""The metrics of a worker for Prometheus, and the observer that sets them.

It needs ``heartzone-exactly-once[prometheus]``.

docs/metrics.md lists them. Each value of a label that is known is there with 0 from the start.
"""

import time
from collections.abc import Iterable, Mapping, Sequence, Set

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from exactly_once.core.reasons import (
    AbortReason,
    DeadLetterReason,
    HaltReason,
    RebalanceEvent,
    RebuildReason,
    RiskReason,
)
from exactly_once.core.records import InputRecord, Partition
from exactly_once.observer import Observer

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
DURATION_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RECORDS_BUCKETS = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000)

# Observing the latency of each of ten thousand records would cost more than transforming them; this many, evenly
# spaced, give the same histogram, and in a transaction of fewer records each is observed.
LATENCY_SAMPLES = 32


class PrometheusObserver(Observer):
    """Sets the metrics of this module, whose names begin with ``prefix``.

    ``dead_letter_reasons`` are those that the transform gives, ``abort_reasons`` those that there are beside the
    engine's, such as ``WriteReason`` of a sink worker. Each known label exists as 0 from the start: a counter
    that appears with its first event hides that event from ``increase()`` and ``rate()``, and so from an alert. Names
    of librdkafka's errors are an open set: they join when they come.
    """

    def __init__(
        self,
        registry: CollectorRegistry = REGISTRY,
        *,
        prefix: str = "exactly_once_",
        dead_letter_reasons: Iterable[str] = (),
        abort_reasons: Iterable[str] = (),
    ) -> None:
        def counter(name: str, text: str, label: str | None = None, values: Iterable[str] = ()) -> Counter:
            made = Counter(prefix + name, text, [label] if label is not None else [], registry=registry)
            for value in values:
                made.labels(value)
            return made

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(prefix + name, text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(prefix + name, text, buckets=buckets, registry=registry)

        self._lag = gauge(
            "consumer_lag_records",
            "Records behind the last stable offset, control records not counted",
            "topic",
            "partition",
        )
        self._known_lags: set[Partition] = set()
        self._committed = counter("transactions_committed", "Transactions committed")
        self._aborted = counter(
            "transactions_aborted", "Transactions aborted", "reason", (*AbortReason, *abort_reasons)
        )
        self._duration = histogram("transaction_duration_seconds", "Time from begin to commit", DURATION_BUCKETS)
        self._records = histogram("transaction_records", "Input records of a transaction", RECORDS_BUCKETS)
        self._dead_letters = counter(
            "dead_letters",
            "Records sent to the dead-letter topic",
            "reason",
            (*DeadLetterReason, *dead_letter_reasons),
        )
        self._duplicates = counter("duplicates", "Records left out, because an earlier one has their key")
        self._rebuilds = counter("producer_rebuilds", "Transactional producers replaced", "reason", RebuildReason)
        self._rebalances = counter("rebalances", "Rebalance callbacks", "event", RebalanceEvent)
        self._latency = histogram(
            "end_to_end_latency_seconds", "Time from a record's timestamp to the commit of its outcome", LATENCY_BUCKETS
        )
        self._halted = gauge(
            "partitions_halted",
            "1 while a partition is set aside until something is changed",
            "topic",
            "partition",
            "reason",
        )
        self._waiting = gauge(
            "partitions_waiting",
            "1 while a partition waits for something that its next record needs",
            "topic",
            "partition",
            "reason",
        )
        self._set_aside: dict[Partition, tuple[Gauge, str]] = {}
        self._at_risk = gauge(
            "promise_at_risk", "1 while settings of the brokers put the promise of exactly once at risk", "reason"
        )
        self._show_risks(())

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:  # noqa: ARG002
        """Count a transaction."""
        self._committed.inc()
        self._duration.observe(seconds)
        self._records.observe(len(records))
        now = time.time()
        for record in records[:: -(-len(records) // LATENCY_SAMPLES)]:
            kind, timestamp = record.timestamp()
            if kind:
                self._latency.observe(max(0.0, now - timestamp / 1000))

    def aborted(self, reason: str, *, records: int) -> None:  # noqa: ARG002
        """Count an abort."""
        self._aborted.labels(reason).inc()

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        """Count dead letters by reason."""
        for reason, count in reasons.items():
            self._dead_letters.labels(reason).inc(count)

    def deduplicated(self, records: int) -> None:
        """Count duplicates."""
        self._duplicates.inc(records)

    def producer_rebuilt(self, reason: str) -> None:
        """Count a rebuild."""
        self._rebuilds.labels(reason).inc()

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[Partition]) -> None:
        """Count a rebalance, and remove the lag of partitions that are not ours any more."""
        self._rebalances.labels(event).inc()
        if event is not RebalanceEvent.ASSIGNED:
            self._remove_lags(self._known_lags.intersection(partitions))

    def partition_waiting(self, partition: Partition, reason: str) -> None:
        """Show what a partition waits for."""
        self._show(partition, self._waiting, reason)

    def partition_halted(self, partition: Partition, reason: HaltReason, detail: str) -> None:  # noqa: ARG002
        """Show that a partition is halted."""
        self._show(partition, self._halted, reason)

    def partition_resumed(self, partition: Partition) -> None:
        """Remove what was shown of a partition."""
        self._hide(partition)

    def promise_at_risk(self, risks: Mapping[RiskReason, str]) -> None:
        """Show which settings of the brokers put the promise at risk."""
        self._show_risks(risks)

    def lag(self, records: Mapping[Partition, int]) -> None:
        """Set the lag of each partition, and remove it where it is not known any more: the last one would be a lie."""
        self._remove_lags(self._known_lags - records.keys())
        for (topic, partition), count in records.items():
            self._lag.labels(topic, str(partition)).set(count)
        self._known_lags.update(records)

    def _remove_lags(self, partitions: Set[Partition]) -> None:
        for topic, partition in partitions:
            self._lag.remove(topic, str(partition))
        self._known_lags -= partitions

    def _show(self, partition: Partition, gauge: Gauge, reason: str) -> None:
        self._hide(partition)
        gauge.labels(partition[0], str(partition[1]), reason).set(1)
        self._set_aside[partition] = gauge, reason

    def _hide(self, partition: Partition) -> None:
        gauge, reason = self._set_aside.pop(partition, (None, ""))
        if gauge is not None:
            gauge.remove(partition[0], str(partition[1]), reason)

    def _show_risks(self, risks: Iterable[str]) -> None:
        present = set(risks)
        for reason in RiskReason:
            self._at_risk.labels(reason).set(int(reason in present))
