"""Row of the web API: requests, their errors, and how long records take to be acknowledged."""

from heartzone_dashboards.panels import Panel, Query, lines
from heartzone_dashboards.promql import quantile, rate, select, total
from heartzone_dashboards.rows.queries import REQUESTS, quantiles


def web_api() -> list[Panel]:
    """Requests and the records that they become."""
    return [
        lines(
            "Requests by route and status",
            "Responses. 202 means that all in-sync replicas have the record.",
            Query(total(rate(REQUESTS), "route", "method", "status"), "{{method}} {{route}} {{status}}"),
            unit="reqps",
        ),
        lines(
            "Errors by route and status",
            "4xx are the client's: the request is invalid. 503 is ours: the client should retry.",
            Query(total(rate(REQUESTS, 'status=~"[45].."'), "route", "status"), "{{route}} {{status}}"),
            unit="reqps",
        ),
        lines(
            "Rejected requests by reason",
            "The problem type of the response, or a client that disconnected.",
            Query(total(rate("heartzone_requests_rejected_total"), "reason"), "{{reason}}"),
            unit="reqps",
        ),
        lines(
            "Request duration by route",
            "From the headers of a request to the last byte of its response; p50 and p99.",
            *(
                Query(
                    quantile(share, "heartzone_http_request_duration_seconds", "route"),
                    f"{{{{route}}}} p{share * 100:g}",
                )
                for share in (0.5, 0.99)
            ),
            unit="s",
        ),
        lines(
            "Acknowledgement",
            "From handing a record to the client library to the acknowledgement of all in-sync replicas.",
            *quantiles("heartzone_produce_ack_seconds"),
            unit="s",
        ),
        lines(
            "Records in flight",
            "Produced and not acknowledged yet. It grows while the brokers are slow or unavailable.",
            Query(total(select("heartzone_produce_in_flight"), "instance"), "{{instance}}"),
            unit="short",
        ),
    ]
