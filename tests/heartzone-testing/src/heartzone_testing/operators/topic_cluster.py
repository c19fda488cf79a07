"""A broker and a registry on which event_topics applies desired topics, and their state by an independent client."""

from uuid import uuid4

from confluent_kafka.schema_registry import SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics import (
    Compatibility,
    DesiredSchema,
    DesiredTopic,
    KafkaTopics,
    ObservedSubject,
    ObservedTopic,
    Report,
    SchemaSubjects,
    SchemaType,
    apply_event_topics,
    observe,
    plan,
)
from heartzone_testing.operators.event_topics import SCHEMA_1


class TopicCluster:
    """The adapters of event_topics, and a registry client of the test's own."""

    def __init__(self, kafka: EmbeddedKafka, registry: EmbeddedRegistry) -> None:
        self.kafka_config = kafka.client_config()
        self.registry_config: dict[str, str | int | float] = dict(registry.client_config())
        self.topics = KafkaTopics(self.kafka_config, timeout=30)
        self.subjects = SchemaSubjects(self.registry_config, timeout=30)
        self.registry = SchemaRegistryClient(dict(self.registry_config))

    def apply(self, *topics: DesiredTopic) -> Report:
        """Apply the topics."""
        return apply_event_topics(topics, kafka_config=self.kafka_config, registry_config=self.registry_config)

    def is_settled(self, *topics: DesiredTopic) -> bool:
        """Return whether nothing is left to do for the topics."""
        return plan(topics, observe(topics, self.topics, self.subjects)).actions == ()

    def topic(self, name: str) -> ObservedTopic:
        """The topic, which must exist."""
        observed = self.topics.observe([name])[name]
        assert isinstance(observed, ObservedTopic), observed
        return observed

    def subject(self, name: str) -> ObservedSubject:
        """The subject, which must exist."""
        observed = self.subjects.observe({name: DesiredSchema("JSON", SCHEMA_1)})[name]
        assert isinstance(observed, ObservedSubject), observed
        return observed


def desired(
    topic: str | None = None,
    *,
    partitions: int = 2,
    replicas: int | None = None,
    config: dict[str, str] | None = None,
    managed: frozenset[str] = frozenset(),
    schema: str | None = None,
    language: SchemaType = "JSON",
    compatibility: Compatibility | None = None,
) -> DesiredTopic:
    """A topic of a fresh name, unless one is given."""
    topic = topic or f"Orders-{uuid4().hex[:8]}"
    return DesiredTopic(
        resource=topic.lower(),
        topic=topic,
        partitions=partitions,
        replicas=replicas,
        config=config or {},
        managed_config=managed,
        value_schema=DesiredSchema(language, schema, compatibility) if schema else None,
    )


def reasons(report: Report) -> list[str]:
    """The reasons of the failures."""
    return [outcome.failure.reason for outcome in report.failures if outcome.failure]


def message(report: Report) -> str:
    """The message of the only failure."""
    (outcome,) = report.failures
    assert outcome.failure is not None
    return outcome.failure.message
