"""The ACLs of the schema registry's KafkaUser, each taken from the real registry with its store in Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from heartzone_testing.strimzi.guarded_kafka import GuardedKafka
from heartzone_testing.strimzi.kafkasql_registry import USER, KafkasqlRegistry
from heartzone_testing.strimzi.users import acl_bindings, kafka_users
from heartzone_testing.waiting import eventually

JOURNAL, SNAPSHOTS, EVENTS = "kafkasql-journal", "kafkasql-snapshots", "registry-events"

# What the registry's log says without an ACL, by resource and operation. Who may not see a topic tries to make it.
COMPLAINTS = {
    (
        JOURNAL,
        "CREATE",
    ): "Could not create topic 'kafkasql-journal'.: org.apache.kafka.common.errors.TopicAuthorization",
    (JOURNAL, "DESCRIBE_CONFIGS"): "TopicAuthorizationException: Topic authorization failed",
    (JOURNAL, "READ"): "Not authorized to access topics: [kafkasql-journal]",
    (JOURNAL, "WRITE"): "Not authorized to access topics: [kafkasql-journal]",
    (SNAPSHOTS, "CREATE"): "Could not create topic 'kafkasql-snapshots'.: org.apache.kafka.common.errors.TopicAuth",
    (SNAPSHOTS, "DESCRIBE_CONFIGS"): "TopicAuthorizationException: Topic authorization failed",
    (SNAPSHOTS, "READ"): "Topic 'kafkasql-snapshots' already exists",
    (EVENTS, "CREATE"): "Could not create topic 'registry-events'.: org.apache.kafka.common.errors.TopicAuthorization",
    (EVENTS, "DESCRIBE_CONFIGS"): "TopicAuthorizationException: Topic authorization failed",
    (EVENTS, "WRITE"): "Topic 'registry-events' already exists",
    ("apicurio-", "READ"): "Not authorized to access group: apicurio-",
}


@pytest.fixture(scope="module")
def kafka(guarded_kafka: GuardedKafka, tmp_path_factory: pytest.TempPathFactory) -> GuardedKafka:
    """A broker on which the registry has run, with every right, and has its topics."""
    registry = KafkasqlRegistry(guarded_kafka, tmp_path_factory.mktemp("registry"))
    try:
        registry.wait_until_ready()
        schema = Schema('{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}', "JSON")
        with SchemaRegistryClient({"url": registry.url}) as client:
            client.register_schema("kept-value", schema)
    finally:
        registry.process.terminate(10)
    return guarded_kafka


@contextmanager
def absent(kafka: GuardedKafka, topic: str) -> Iterator[None]:
    """Have the broker without a topic while the block lasts, as before the registry's first start."""
    admin = AdminClient({**kafka.super_user})
    admin.delete_topics([topic])[topic].result()
    try:
        yield
    finally:
        for_ever = {"retention.ms": "-1", "retention.bytes": "-1"}
        admin.create_topics([NewTopic(topic, 1, 1, config=for_ever)])[topic].result()


def _cases() -> Iterator[Any]:
    for binding in acl_bindings(kafka_users()[USER]):
        yield pytest.param(binding, id=f"{AclOperation(binding.operation).name}-{binding.name}")


@pytest.mark.parametrize("binding", list(_cases()))
def test_without_one_acl_the_registry_does_not_become_ready_and_says_so(
    kafka: GuardedKafka, tmp_path: Path, binding: AclBinding
) -> None:
    complaint = COMPLAINTS[binding.name, AclOperation(binding.operation).name]
    is_creation = binding.operation is AclOperation.CREATE

    with kafka.without(binding), absent(kafka, binding.name) if is_creation else nullcontext():
        registry = KafkasqlRegistry(kafka, tmp_path)
        try:
            eventually(lambda: complaint in registry.process.log(), f"the log to say: {complaint}", every=0.1)
            assert not registry.is_ready()
        finally:
            registry.process.terminate(0)
