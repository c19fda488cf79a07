"""heartzone / Pipeline: readings from the web API to their zones, on one page."""

from grafana_foundation_sdk.builders import dashboard

from heartzone_dashboards.board import board
from heartzone_dashboards.rows import operator, overview, processes, web_api, worker


def pipeline() -> dashboard.Dashboard:
    """Build the dashboard."""
    return board(
        "heartzone-pipeline",
        "heartzone / Pipeline",
        "Readings from the web API through Kafka to their heart-rate zones: rates, latency and errors.",
        [
            ("Now", overview.now()),
            ("From readings to zones", worker.zones()),
            ("Transactions", worker.transactions()),
            ("Web API", web_api.web_api()),
            ("Kafka clients", processes.clients()),
            ("Operator", operator.operator()),
            ("Processes", processes.processes()),
        ],
    )
