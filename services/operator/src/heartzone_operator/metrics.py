"""Every metric of reconciling.

heartzone_reconciles_total{outcome}            resources, by `model.work.Outcome`
heartzone_reconcile_duration_seconds           of one batch, whatever its size
heartzone_reconcile_batch_resources            resources of one batch
heartzone_eventtopics{condition,status}        resources by condition
heartzone_kafka_requests_total{request}        requests to Kafka, by the name of the call
heartzone_registry_requests_total              requests to the schema registry

`group_lag.lag_metrics` has those of consumer groups.
"""

from collections import Counter as Tally
from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from event_topics.model import ConditionType
from heartzone_operator.model.resource import Resource
from heartzone_operator.model.work import Outcome

DURATION_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BATCH_BUCKETS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)
CONDITIONS: tuple[ConditionType, ...] = ("Ready", "TopicReady", "SchemaReady")
STATUSES = ("True", "False", "Unknown")


class OperatorMetrics:
    """Set by the reconciler."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reconciles = Counter(
            "heartzone_reconciles", "Resources reconciled, by outcome", ["outcome"], registry=registry
        )
        self.duration = Histogram(
            "heartzone_reconcile_duration_seconds",
            "Time that one batch of resources took",
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self.batch = Histogram(
            "heartzone_reconcile_batch_resources",
            "Resources that one batch held",
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self._resources = Gauge(
            "heartzone_eventtopics", "EventTopics by condition", ["condition", "status"], registry=registry
        )
        self._kafka = Counter(
            "heartzone_kafka_requests",
            "Requests to Kafka, each for any number of topics",
            ["request"],
            registry=registry,
        )
        self._registry = Counter("heartzone_registry_requests", "Requests to the schema registry", registry=registry)
        # Exported as 0 from the start, so that increase() counts the first of each.
        for outcome in Outcome:
            self._reconciles.labels(outcome=outcome)
        self.count_resources(())

    def reconciled(self, outcome: Outcome) -> None:
        """Count one resource."""
        self._reconciles.labels(outcome=outcome).inc()

    def kafka_requested(self, request: str) -> None:
        """Count one request."""
        self._kafka.labels(request=request).inc()

    def registry_requested(self) -> None:
        """Count one request."""
        self._registry.inc()

    def count_resources(self, resources: Collection[Resource]) -> None:
        """Set the number of resources by condition; what has no condition yet counts as Unknown."""
        tally: Tally[tuple[str, str]] = Tally()
        for resource in resources:
            for kind in CONDITIONS:
                condition = resource.status.condition(kind)
                tally[kind, condition.status if condition else "Unknown"] += 1
        for kind in CONDITIONS:
            for status in STATUSES:
                self._resources.labels(condition=kind, status=status).set(tally[kind, status])
