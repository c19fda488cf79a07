"""Queries that several rows have."""

from heartzone_dashboards.panels import Query
from heartzone_dashboards.promql import most, quantile, select

LAG = most(select("heartzone_consumer_lag_records"), "topic", "partition")
LATENCY = "heartzone_end_to_end_latency_seconds"
REQUESTS = "heartzone_http_requests_total"


def quantiles(histogram: str) -> list[Query]:
    """The quantiles that each duration is shown with."""
    return [Query(quantile(share, histogram), f"p{share * 100:g}") for share in (0.5, 0.95, 0.99)]
