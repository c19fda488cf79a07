"""The operator as a process, against a real API server, broker and registry: the way of one resource."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from control_plane.cluster import Cluster
from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics.kafka_topics import KafkaTopics
from event_topics.state import ObservedTopic
from operators import CRD, SCHEMA_1, OperatorBench, event_topic, kubectl_wait


@pytest.fixture
def bench(
    kubernetes: Cluster,
    namespace: str,
    embedded_kafka: EmbeddedKafka,
    embedded_registry: EmbeddedRegistry,
    tmp_path: Path,
) -> OperatorBench:
    kubernetes.kubectl("apply", "--server-side", f"--filename={CRD}")
    return OperatorBench(
        cluster=kubernetes,
        namespace=namespace,
        kafka=embedded_kafka.client_config(),
        registry=embedded_registry.client_config(),
        folder=tmp_path,
    )


def test_applying_a_resource_gives_a_topic_and_a_subject_and_kubectl_wait_tells_when(
    bench: OperatorBench, embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry
) -> None:
    asked = event_topic(partitions=3, config={"retention.ms": "3600000"}, schema=SCHEMA_1, compatibility="BACKWARD")
    topic = asked["spec"]["topicName"]

    with bench.operator():
        name = bench.apply(asked)
        kubectl_wait(bench.kubectl)

        found = KafkaTopics(embedded_kafka.client_config()).observe([topic])[topic]
        with SchemaRegistryClient(dict(embedded_registry.client_config())) as registry:
            registered = registry.get_latest_version(f"{topic}-value")
            assert registry.get_compatibility(f"{topic}-value") == "BACKWARD"
        assert isinstance(found, ObservedTopic)
        assert (found.partitions, found.config) == (3, {"retention.ms": "3600000"})
        status = bench.status(name)
        conditions = {each["type"]: (each["status"], each["reason"]) for each in status.pop("conditions")}
        assert conditions == {
            "Ready": ("True", "Ready"),
            "TopicReady": ("True", "InSync"),
            "SchemaReady": ("True", "Registered"),
        }
        assert status == {
            "observedGeneration": 1,
            "topicName": topic,
            "topicId": found.topic_id,
            "partitions": 3,
            "replicas": 1,
            "valueSchema": {"subject": f"{topic}-value", "id": registered.schema_id, "version": 1},
            "managedConfig": ["retention.ms"],
        }
