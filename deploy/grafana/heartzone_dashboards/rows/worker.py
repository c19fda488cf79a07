"""Rows of the zone worker: its readings, records and lag, and its transactions."""

from heartzone_dashboards.panels import Panel, Query, lines
from heartzone_dashboards.promql import mean, most, quantile, rate, select, total
from heartzone_dashboards.rows.queries import LAG, LATENCY, quantiles

# The watermark and the stable offset come from the same statistics of the same consumer.
BEHIND_OPEN_TRANSACTIONS = most(
    f"{select('heartzone_librdkafka_high_watermark_offset')} - {select('heartzone_librdkafka_last_stable_offset')}",
    "topic",
    "partition",
)


def _partitions(metric: str) -> str:
    """How many partitions have a series of a metric that is there only while something is the matter."""
    return f"count({most(select(metric), 'topic', 'partition')} > 0) or vector(0)"


def zones() -> list[Panel]:
    """From records in the input topic to zones: how many and how late."""
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
            *quantiles(LATENCY),
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


def transactions() -> list[Panel]:
    """Commits, aborts, and what interrupts them."""
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
            *quantiles("heartzone_transaction_duration_seconds"),
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
        ),
        lines(
            "Producer rebuilds by reason",
            "Transactional producers that were replaced under the same transactional id, so that its epoch rises.",
            Query(total(rate("heartzone_producer_rebuilds_total"), "reason"), "{{reason}}"),
            unit="cps",
        ),
        lines(
            "Partitions halted or waiting",
            "Halted: until a person decides, or what arrives can be processed. Waiting: for something unavailable.",
            Query(_partitions("heartzone_partitions_halted"), "halted"),
            Query(_partitions("heartzone_partitions_waiting"), "waiting"),
            unit="short",
        ),
    ]
