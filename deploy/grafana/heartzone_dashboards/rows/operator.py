"""Row of the operator: the state of the EventTopics, reconciling them, and the lag of groups."""

from heartzone_dashboards.panels import Panel, Query, lines
from heartzone_dashboards.promql import most, rate, select, total
from heartzone_dashboards.rows.queries import quantiles

_PARTITION = ("group", "topic", "partition")


def operator() -> list[Panel]:
    """Resources, reconciles, and the requests that they take."""
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
            *quantiles("heartzone_reconcile_duration_seconds"),
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
        lines(
            "Group lag by partition",
            "Records up to the last stable offset that wait for the group, in partitions that no worker owns, too.",
            Query(most(select("heartzone_group_lag_records"), *_PARTITION), "{{group}} {{topic}} {{partition}}"),
            unit="short",
            width=12,
        ),
        lines(
            "Age of the oldest record, by partition",
            "How long the oldest record that the group has to process has waited; 0 when there is none.",
            Query(most(select("heartzone_group_lag_seconds"), *_PARTITION), "{{group}} {{topic}} {{partition}}"),
            unit="s",
            width=12,
        ),
    ]
