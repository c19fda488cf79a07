"""The metrics of the worker: those of exactly_once under heartzone's names, and the readings.

worker  heartzone_readings_total{zone}  readings of committed transactions, by zone name
"""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter

from exactly_once import InputRecord
from exactly_once.prometheus import PrometheusObserver
from heartzone.zones import Zone
from heartzone_zone_worker.reasons import PoisonReason

PREFIX = "heartzone_"


class WorkerMetrics(PrometheusObserver):
    """Sets the metrics."""

    def __init__(self, registry: CollectorRegistry, take_readings: Callable[[], Sequence[int]]) -> None:
        super().__init__(registry, prefix=PREFIX, dead_letter_reasons=PoisonReason)
        self._take_readings = take_readings
        readings = Counter(PREFIX + "readings", "Readings of committed transactions", ["zone"], registry=registry)
        self._readings = [readings.labels(zone=zone.name.capitalize()) for zone in Zone]

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:
        """Count a transaction, and its readings now that they are certain."""
        super().committed(records, outputs=outputs, seconds=seconds)
        for counter, count in zip(self._readings, self._take_readings(), strict=True):
            counter.inc(count)

    def aborted(self, reason: str, *, records: int) -> None:
        """Count an abort and drop its readings: they will be processed again."""
        super().aborted(reason, records=records)
        self._take_readings()
