"""Rows of every process: its Kafka clients, its version and its resources."""

from heartzone_dashboards.panels import Panel, Query, lines
from heartzone_dashboards.promql import most, rate, select, total


def clients() -> list[Panel]:
    """Connections of librdkafka's clients to the brokers."""
    round_trip = select("heartzone_librdkafka_broker_rtt_seconds", 'quantile="0.99"')
    return [
        lines(
            "Round trip to brokers, p99",
            "From a request to its response, as librdkafka measures it; including a fetch's wait for records.",
            Query(most(round_trip, "client", "broker"), "{{client}} → {{broker}}"),
            unit="s",
            width=6,
        ),
        lines(
            "Connections to brokers",
            "Clients whose connection to a broker is up and authenticated. Clients connect to brokers that they need.",
            Query(total(select("heartzone_librdkafka_broker_up"), "client", "broker"), "{{client}} → {{broker}}"),
            unit="short",
            width=6,
        ),
        lines(
            "Disconnects and timeouts",
            "Connections that ended, and requests without a response in time.",
            Query(total(rate("heartzone_librdkafka_broker_disconnects_total"), "broker"), "disconnects {{broker}}"),
            Query(total(rate("heartzone_librdkafka_broker_request_timeouts_total"), "broker"), "timeouts {{broker}}"),
            unit="cps",
            width=6,
        ),
        lines(
            "Messages in the clients",
            "Waiting to be sent, and fetched ahead of the worker.",
            Query(total(select("heartzone_librdkafka_queue_messages", 'client="producer"'), "job"), "to send, {{job}}"),
            Query(total(select("heartzone_librdkafka_fetch_queue_messages"), "job"), "fetched, {{job}}"),
            unit="short",
            width=6,
        ),
    ]


def processes() -> list[Panel]:
    """Versions, readiness, CPU and memory."""
    # These metrics have the same names in every Python program that Prometheus scrapes.
    ours = f"and on (job, instance) {select('heartzone_build_info')}"
    return [
        lines(
            "Processes by version",
            "Processes that Prometheus reaches; during a rollout of two versions.",
            Query(f"count by (job, version) ({select('heartzone_build_info')})", "{{job}} {{version}}"),
            unit="short",
            width=6,
        ),
        lines(
            "Processes that are ready",
            "Processes that do their work, as their `/readyz` responds.",
            Query(total(select("heartzone_ready"), "job"), "{{job}}"),
            unit="short",
            width=6,
        ),
        lines(
            "CPU",
            "Cores that each process uses; a Python process uses little more than one.",
            Query(f"{rate('process_cpu_seconds_total')} {ours}", "{{job}} {{instance}}"),
            unit="short",
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of each process, which the limit of its container is compared with.",
            Query(f"{select('process_resident_memory_bytes')} {ours}", "{{job}} {{instance}}"),
            unit="bytes",
            width=6,
        ),
    ]
