"""Group lag as metrics. What is not known has no series: 0 would be a statement.

heartzone_group_lag_records{group,topic,partition}   records left to process, against the last stable offset
heartzone_group_lag_seconds{group,topic,partition}   age of the oldest of them, 0 when there is none
"""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service_chassis.consumer_groups.lag import Lag

_LABELS = ("group", "topic", "partition")


class GroupLagMetrics(Collector):
    """The latest observation of each group in its topic, unless it is older than `max_age` seconds."""

    def __init__(
        self, registry: CollectorRegistry, *, max_age: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_age = max_age
        self._clock = clock
        self._observed: dict[tuple[str, str], tuple[float, Mapping[int, Lag]]] = {}
        registry.register(self)

    def observed(self, group: str, topic: str, lags: Mapping[int, Lag]) -> None:
        """Replace what was observed of a group before: partitions that are not in `lags` have no series any more."""
        self._observed[group, topic] = (self._clock(), lags)

    def unknown(self, group: str, topic: str) -> None:
        """Remove the series of a group whose lag is not known."""
        self._observed.pop((group, topic), None)

    def describe(self) -> list[Metric]:
        """Return the metrics' names, without a value."""
        return [*_families()]

    def collect(self) -> Iterator[Metric]:
        """Yield what is known now."""
        records, seconds = _families()
        oldest = self._clock() - self._max_age
        for (group, topic), (at, lags) in list(self._observed.items()):
            for partition, lag in lags.items() if at >= oldest else ():
                labels = (group, topic, str(partition))
                records.add_metric(labels, lag.records)
                if lag.seconds is not None:
                    seconds.add_metric(labels, lag.seconds)
        yield records
        yield seconds


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "heartzone_group_lag_records", "Records up to the last stable offset left to process", labels=_LABELS
        ),
        GaugeMetricFamily("heartzone_group_lag_seconds", "Age of the oldest record left to process", labels=_LABELS),
    )
