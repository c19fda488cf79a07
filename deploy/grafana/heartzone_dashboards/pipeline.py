"""heartzone / Pipeline: readings from the web API to their zones, on one page."""

from grafana_foundation_sdk.builders import dashboard

from heartzone_dashboards.board import board
from heartzone_dashboards.panels import Panel, Query, figure, lines
from heartzone_dashboards.promql import mean, most, quantile, rate, select, total

LAG = most(select("heartzone_consumer_lag_records"), "topic", "partition")
# The watermark and the stable offset come from the same statistics of the same consumer.
BEHIND_OPEN_TRANSACTIONS = most(
    f"{select('heartzone_librdkafka_high_watermark_offset')} - {select('heartzone_librdkafka_last_stable_offset')}",
    "topic",
    "partition",
)
LATENCY = "heartzone_end_to_end_latency_seconds"
REQUESTS = "heartzone_http_requests_total"
UNAVAILABLE = total(rate(REQUESTS, 'status="503"'))
NOT_READY = select("heartzone_eventtopics", 'condition="Ready"', 'status!="True"')


def pipeline() -> dashboard.Dashboard:
    """The dashboard."""
    return board(
        "heartzone-pipeline",
        "heartzone / Pipeline",
        "Readings from the web API through Kafka to their heart-rate zones: rates, latency and errors.",
        [
            ("Now", _now()),
            ("From readings to zones", _zones()),
            ("Transactions", _transactions()),
            ("Web API", _web_api()),
            ("Kafka clients", _clients()),
            ("Operator", _operator()),
            ("Processes", _processes()),
        ],
    )


def _quantiles(histogram: str) -> list[Query]:
    return [Query(quantile(share, histogram), f"p{share * 100:g}") for share in (0.5, 0.95, 0.99)]


def _now() -> list[Panel]:
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


def _zones() -> list[Panel]:
    return [
        lines(
            "Readings by zone",
            "Readings of committed transactions. None is below half of the maximum heart rate and gives no message.",
            Query(total(rate("heartzone_readings_total"), "zone"), "{{zone}}"),
            unit="cps",
            stacked=True,
        ),
        lines(
            "Records in and processed",
            "Records that the web API wrote, raw ones included, and input records whose transaction was committed. "
            "Other programs may write to the input topic too.",
            Query(total(rate("heartzone_produce_ack_seconds_count")), "written"),
            Query(total(rate("heartzone_transaction_records_sum")), "processed"),
            unit="cps",
        ),
        lines(
            "End-to-end latency",
            "From the moment a record was written to the commit of its zones.",
            *_quantiles(LATENCY),
            unit="s",
        ),
        lines(
            "Lag by partition",
            "Records between a worker's position and the last stable offset, control records not counted: 0 when idle.",
            Query(LAG, "{{topic}} {{partition}}"),
            unit="short",
        ),
        lines(
            "Behind open transactions, by partition",
            "Offsets after the last stable one. They are not lag: no worker can read them until the transaction of "
            "another program ends. A value that stays is a hung transaction.",
            Query(BEHIND_OPEN_TRANSACTIONS, "{{topic}} {{partition}}"),
            unit="short",
        ),
        lines(
            "Dead letters by reason",
            "Records that workers could not process and sent to the dead-letter topic, with the reason in a header.",
            Query(total(rate("heartzone_dead_letters_total"), "reason"), "{{reason}}"),
            unit="cps",
            stacked=True,
        ),
    ]


def _transactions() -> list[Panel]:
    return [
        lines(
            "Commits",
            "Transactions committed by each worker; none while nothing arrives.",
            Query(total(rate("heartzone_transactions_committed_total"), "instance"), "{{instance}}"),
            unit="cps",
            width=6,
        ),
        lines(
            "Aborts by reason",
            "Transactions whose records were processed again. A single one is part of a rebalance or a failover.",
            Query(total(rate("heartzone_transactions_aborted_total"), "reason"), "{{reason}}"),
            unit="cps",
            width=6,
        ),
        lines(
            "Transaction duration",
            "From begin to commit.",
            *_quantiles("heartzone_transaction_duration_seconds"),
            unit="s",
            width=6,
        ),
        lines(
            "Records per transaction",
            "Input records of a transaction: under load, more records share one commit.",
            Query(mean("heartzone_transaction_records"), "mean"),
            Query(quantile(0.99, "heartzone_transaction_records"), "p99"),
            unit="short",
            width=6,
        ),
        lines(
            "Rebalances by event",
            "Partitions that were assigned to a worker or taken from it. `lost`: the group removed the worker.",
            Query(total(rate("heartzone_rebalances_total"), "event"), "{{event}}"),
            unit="cps",
            width=12,
        ),
        lines(
            "Producer rebuilds by reason",
            "Transactional producers that were replaced under the same transactional id, so that its epoch rises.",
            Query(total(rate("heartzone_producer_rebuilds_total"), "reason"), "{{reason}}"),
            unit="cps",
            width=12,
        ),
    ]


def _web_api() -> list[Panel]:
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
            *_quantiles("heartzone_produce_ack_seconds"),
            unit="s",
        ),
        lines(
            "Records in flight",
            "Produced and not acknowledged yet. It grows while the brokers are slow or unavailable.",
            Query(total(select("heartzone_produce_in_flight"), "instance"), "{{instance}}"),
            unit="short",
        ),
    ]


def _clients() -> list[Panel]:
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


def _operator() -> list[Panel]:
    return [
        lines(
            "EventTopics by condition",
            "Resources that are Ready, TopicReady and SchemaReady, or not, or not known yet.",
            Query(total(select("heartzone_eventtopics"), "condition", "status"), "{{condition}}={{status}}"),
            unit="short",
            width=6,
        ),
        lines(
            "Reconciles by outcome",
            "Reconciled resources. `waiting` is retried; `refused` requires a change of the resource.",
            Query(total(rate("heartzone_reconciles_total"), "outcome"), "{{outcome}}"),
            unit="cps",
            width=6,
        ),
        lines(
            "Reconcile duration",
            "Of one batch, whatever its size.",
            *_quantiles("heartzone_reconcile_duration_seconds"),
            unit="s",
            width=6,
        ),
        lines(
            "Requests to Kafka and the registry",
            "Each request to Kafka is for any number of topics.",
            Query(total(rate("heartzone_kafka_requests_total"), "request"), "Kafka {{request}}"),
            Query(total(rate("heartzone_registry_requests_total")), "registry"),
            unit="reqps",
            width=6,
        ),
    ]


def _processes() -> list[Panel]:
    # These metrics have the same names in every Python program that Prometheus scrapes.
    ours = f"and on (job, instance) {select('heartzone_build_info')}"
    return [
        lines(
            "Processes by version",
            "Processes that Prometheus reaches; during a rollout of two versions.",
            Query(f"count by (job, version) ({select('heartzone_build_info')})", "{{job}} {{version}}"),
            unit="short",
        ),
        lines(
            "CPU",
            "Cores that each process uses; a Python process uses little more than one.",
            Query(f"{rate('process_cpu_seconds_total')} {ours}", "{{job}} {{instance}}"),
            unit="short",
        ),
        lines(
            "Memory",
            "Resident memory of each process, which the limit of its container is compared with.",
            Query(f"{select('process_resident_memory_bytes')} {ours}", "{{job}} {{instance}}"),
            unit="bytes",
        ),
    ]
