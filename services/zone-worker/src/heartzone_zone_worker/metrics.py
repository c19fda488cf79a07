"""The metrics of the worker, and the observer that sets them.

worker  heartzone_consumer_lag_records{topic,partition}      records behind the last stable offset, 0 when idle
        heartzone_transactions_committed_total
        heartzone_transactions_aborted_total{reason}
        heartzone_transaction_duration_seconds               from begin to commit
        heartzone_transaction_records                        input records of a transaction
        heartzone_readings_total{zone}                       readings of committed transactions, by zone name
        heartzone_dead_letters_total{reason}
        heartzone_producer_rebuilds_total{reason}
        heartzone_rebalances_total{event}                    assigned, revoked, lost
        heartzone_end_to_end_latency_seconds                 from the record's timestamp to its commit
        heartzone_partitions_halted{topic,partition,reason}  1 while a partition is set aside until something is changed
        heartzone_partitions_waiting{topic,partition,reason} 1 while a partition waits for what its next record lacks
        heartzone_promise_at_risk{reason}                    1 while settings of the brokers put the promise at risk
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exactly_once import (
    AbortReason,
    DeadLetterReason,
    HaltReason,
    InputRecord,
    Observer,
    Partition,
    RebalanceEvent,
    RebuildReason,
    RiskReason,
)
from heartzone.zones import Zone
from heartzone_zone_worker.reasons import PoisonReason

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
DURATION_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RECORDS_BUCKETS = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000)

# Each label that we know exists as 0 from the start: a counter that appears with its first event hides that event from
# increase() and rate(), and so from an alert. Names of librdkafka's errors are an open set: they join when they come.
ABORT_REASONS = (*AbortReason,)
DEAD_LETTER_REASONS = (*DeadLetterReason, *PoisonReason)

# Observing the latency of each of ten thousand records would cost more than transforming them; this many, evenly
# spaced, give the same histogram, and in a transaction of fewer records each is observed.
LATENCY_SAMPLES = 32

log = structlog.get_logger(__name__)


class WorkerMetrics(Observer):
    """Sets the metrics, and logs what a person would want to know."""

    def __init__(self, registry: CollectorRegistry, take_readings: Callable[[], Sequence[int]]) -> None:
        self._take_readings = take_readings
        self._lag = Gauge(
            "heartzone_consumer_lag_records",
            "Records behind the last stable offset, control records not counted",
            ["topic", "partition"],
            registry=registry,
        )
        self._committed = Counter("heartzone_transactions_committed", "Transactions committed", registry=registry)
        self._aborted = Counter("heartzone_transactions_aborted", "Transactions aborted", ["reason"], registry=registry)
        self._duration = Histogram(
            "heartzone_transaction_duration_seconds",
            "Time from begin to commit",
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._records = Histogram(
            "heartzone_transaction_records",
            "Input records of a transaction",
            buckets=RECORDS_BUCKETS,
            registry=registry,
        )
        readings = Counter("heartzone_readings", "Readings of committed transactions", ["zone"], registry=registry)
        self._readings = [readings.labels(zone=zone.name.capitalize()) for zone in Zone]
        self._dead_letters = Counter(
            "heartzone_dead_letters", "Records sent to the dead-letter topic", ["reason"], registry=registry
        )
        self._rebuilds = Counter(
            "heartzone_producer_rebuilds", "Transactional producers replaced", ["reason"], registry=registry
        )
        self._rebalances = Counter("heartzone_rebalances", "Rebalance callbacks", ["event"], registry=registry)
        for counter, label, values in (
            (self._aborted, "reason", ABORT_REASONS),
            (self._dead_letters, "reason", DEAD_LETTER_REASONS),
            (self._rebuilds, "reason", RebuildReason),
            (self._rebalances, "event", RebalanceEvent),
        ):
            for value in values:
                counter.labels(**{label: value})
        self._halted = Gauge(
            "heartzone_partitions_halted",
            "1 while a partition is set aside until something is changed",
            ["topic", "partition", "reason"],
            registry=registry,
        )
        self._waiting = Gauge(
            "heartzone_partitions_waiting",
            "1 while a partition waits for something that its next record needs",
            ["topic", "partition", "reason"],
            registry=registry,
        )
        self._set_aside: dict[Partition, tuple[Gauge, str]] = {}
        self._at_risk = Gauge(
            "heartzone_promise_at_risk",
            "1 while settings of the brokers put the promise of exactly once at risk",
            ["reason"],
            registry=registry,
        )
        self._latency = Histogram(
            "heartzone_end_to_end_latency_seconds",
            "Time from a record's timestamp to the commit of its outcome",
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        """Count a transaction, and its readings now that they are certain."""
        self._committed.inc()
        self._duration.observe(seconds)
        self._records.observe(len(records))
        for counter, count in zip(self._readings, self._take_readings(), strict=True):
            counter.inc(count)
        now = time.time()
        for record in records[:: -(-len(records) // LATENCY_SAMPLES)]:
            kind, timestamp = record.timestamp()
            if kind:
                self._latency.observe(max(0.0, now - timestamp / 1000))
        log.debug("transaction_committed", records=len(records), outputs=outputs, seconds=round(seconds, 4))

    def aborted(self, reason: str, *, records: int) -> None:
        """Count an abort and drop its readings: they will be processed again."""
        self._take_readings()
        self._aborted.labels(reason=reason).inc()
        log.warning("transaction_aborted", reason=reason, records=records)

    def dead_lettered(self, reasons: Mapping[str, int]) -> None:
        """Count dead letters by reason."""
        for reason, count in reasons.items():
            self._dead_letters.labels(reason=reason).inc(count)
        log.warning("records_dead_lettered", **reasons)

    def producer_rebuilt(self, reason: str) -> None:
        """Count a rebuild."""
        self._rebuilds.labels(reason=reason).inc()
        log.warning("producer_rebuilt", reason=reason)

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[Partition]) -> None:
        """Count a rebalance, and remove the lag of partitions that are not ours any more."""
        self._rebalances.labels(event=event).inc()
        if event is not RebalanceEvent.ASSIGNED:
            for topic, partition in partitions:
                with contextlib.suppress(KeyError):
                    self._lag.remove(topic, str(partition))
        log.info("group_rebalanced", change=event.value, partitions=[number for _topic, number in partitions])

    def partition_waiting(self, partition: Partition, reason: str) -> None:
        """Show what a partition waits for."""
        self._show(partition, self._waiting, reason)
        log.info("partition_waiting", topic=partition[0], partition=partition[1], reason=reason)

    def partition_halted(self, partition: Partition, reason: HaltReason, detail: str) -> None:
        """Show that a partition is halted, loudly."""
        self._show(partition, self._halted, reason)
        log.error("partition_halted", topic=partition[0], partition=partition[1], reason=reason.value, detail=detail)

    def partition_resumed(self, partition: Partition) -> None:
        """Remove what was shown of a partition."""
        self._hide(partition)
        log.info("partition_resumed", topic=partition[0], partition=partition[1])

    def topic_recreated(self, partition: Partition, old_id: str, new_id: str) -> None:
        """Log it: what the old topic held and was not processed is gone with it."""
        log.error("topic_recreated", topic=partition[0], partition=partition[1], old_id=old_id, new_id=new_id)

    def promise_at_risk(self, risks: Mapping[RiskReason, str]) -> None:
        """Show which settings of the brokers put the promise at risk."""
        for reason in RiskReason:
            self._at_risk.labels(reason=reason).set(int(reason in risks))
        for reason, detail in risks.items():
            log.warning("promise_at_risk", reason=reason.value, detail=detail)

    def _show(self, partition: Partition, gauge: Gauge, reason: str) -> None:
        self._hide(partition)
        gauge.labels(topic=partition[0], partition=str(partition[1]), reason=reason).set(1)
        self._set_aside[partition] = gauge, reason

    def _hide(self, partition: Partition) -> None:
        gauge, reason = self._set_aside.pop(partition, (None, ""))
        if gauge is not None:
            gauge.remove(partition[0], str(partition[1]), reason)

    def waiting(self, reason: str) -> None:
        """Log what is unavailable."""
        log.warning("worker_waiting", reason=reason)

    def lag(self, records: Mapping[Partition, int]) -> None:
        """Set the lag of each partition assigned now."""
        for (topic, partition), count in records.items():
            self._lag.labels(topic=topic, partition=str(partition)).set(count)
