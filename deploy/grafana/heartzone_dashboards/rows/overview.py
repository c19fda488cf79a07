"""Row of single figures: the state of the pipeline at a glance."""

from heartzone_dashboards.panels import Panel, figure
from heartzone_dashboards.promql import quantile, rate, select, total
from heartzone_dashboards.rows.queries import LAG, LATENCY, REQUESTS

UNAVAILABLE = total(rate(REQUESTS, 'status="503"'))
NOT_READY = select("heartzone_eventtopics", 'condition="Ready"', 'status!="True"')


def now() -> list[Panel]:
    """Readings, lag, latency, and what failed, as of now."""
    return [
        figure("Readings", "Readings that workers committed.", total(rate("heartzone_readings_total")), unit="cps"),
        figure("Lag", "Records of the input topic that no worker has processed yet.", f"sum({LAG})", unit="short"),
        figure(
            "End-to-end latency, p99",
            "From the moment a record was written to the commit of its zones; 99 of 100 are faster.",
            quantile(0.99, LATENCY),
            unit="s",
        ),
        figure(
            "Requests rejected with 503",
            "Share of the requests that could not be stored, because the broker or the registry was unavailable.",
            f"({UNAVAILABLE} or vector(0)) / {total(rate(REQUESTS))}",
            unit="percentunit",
        ),
        figure(
            "Dead letters",
            "Records that workers could not process and sent to the dead-letter topic, in the range shown.",
            f"sum(increase({select('heartzone_dead_letters_total')}[$__range]))",
            unit="short",
        ),
        figure(
            "EventTopics not Ready",
            "EventTopics whose topic or schema differs from the spec.",
            f"sum({NOT_READY})",
            unit="short",
        ),
    ]
