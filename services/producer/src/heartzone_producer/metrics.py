"""Every metric of the producer.

heartzone_http_requests_total{route,method,status}       route is the path's template, ``unmatched`` when there is none
heartzone_http_request_duration_seconds{route}           from the headers to the last byte of the response
heartzone_produce_ack_seconds                            from handing a record over to its acknowledgement
heartzone_produce_in_flight                              records not acknowledged yet
heartzone_requests_rejected_total{reason}                see `rejections`

Counted in plain numbers by the event loop alone, and made into metrics when a scrape asks: the metric objects of the
client library lock and loop over buckets, which costs a tenth of a request.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from heartzone_producer.rejections import Rejection

REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)
ACKNOWLEDGEMENT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)


class _Durations:
    """A histogram of durations in seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def buckets(self) -> tuple[list[tuple[str, float]], float]:
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts.copy()), strict=True)), self._sum


class WriterMetrics(Collector):
    """Metrics of the record writer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_flight = 0
        self._acknowledgements = _Durations(ACKNOWLEDGEMENT_BUCKETS)
        self.acknowledged = self._acknowledgements.add
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand now."""
        buckets, total = self._acknowledgements.buckets()
        yield HistogramMetricFamily(
            "heartzone_produce_ack_seconds",
            "Time until the broker acknowledged a record",
            buckets=buckets,
            sum_value=total,
        )
        yield GaugeMetricFamily("heartzone_produce_in_flight", "Records not acknowledged yet", value=self.in_flight)


class HttpMetrics(Collector):
    """Metrics of the web side."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._rejections: Counter[Rejection] = Counter()
        self._durations: dict[str, _Durations] = {}
        registry.register(self)

    def responded(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request by its response."""
        self._requests[route, method, status] += 1
        durations = self._durations.get(route)
        if durations is None:
            durations = self._durations[route] = _Durations(REQUEST_BUCKETS)
        durations.add(seconds)

    def rejected(self, reason: Rejection) -> None:
        """Count a request that was rejected."""
        self._rejections[reason] += 1

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand now."""
        requests = CounterMetricFamily(
            "heartzone_http_requests", "Requests with a response", labels=["route", "method", "status"]
        )
        for (route, method, status), count in self._requests.copy().items():
            requests.add_metric([route, method, str(status)], count)
        yield requests
        rejections = CounterMetricFamily("heartzone_requests_rejected", "Requests rejected", labels=["reason"])
        for reason, count in self._rejections.copy().items():
            rejections.add_metric([reason], count)
        yield rejections
        histogram = HistogramMetricFamily(
            "heartzone_http_request_duration_seconds", "Time from a request's headers to its response", labels=["route"]
        )
        for route, durations in self._durations.copy().items():
            buckets, total = durations.buckets()
            histogram.add_metric([route], buckets, sum_value=total)
        yield histogram
