"""The operator as a process, on a real API server, broker and registry: from a resource to its topic and status."""

import re

from heartzone_testing.operators.bench import OperatorBench, kubectl_wait
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.services.span_collector import span_collector
from heartzone_testing.waiting import eventually


def test_applying_a_resource_creates_a_topic_and_a_subject_and_kubectl_wait_returns_then(
    bench: OperatorBench,
) -> None:
    asked = event_topic(partitions=3, config={"retention.ms": "3600000"}, schema=SCHEMA_1, compatibility="BACKWARD")
    topic = asked["spec"]["topicName"]

    with bench.operator():
        name = bench.apply(asked)
        kubectl_wait(bench.kubectl)

        found = bench.topic(topic)
        registered = bench.registry.get_latest_version(f"{topic}-value")
        assert bench.registry.get_compatibility(f"{topic}-value") == "BACKWARD"
        assert found is not None
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


def test_resources_that_change_together_are_one_batch(bench: OperatorBench) -> None:
    bench.kubectl.apply(*[event_topic(name=f"together-{number}") for number in range(50)])

    with bench.operator() as operator:
        kubectl_wait(bench.kubectl, timeout=60)

        asked = operator.samples("heartzone_kafka_requests_total", "request")
        assert asked["create_topics"] <= 2
        assert asked["describe_topics"] <= 10, "some of them by resyncs"
        assert operator.samples("heartzone_reconciles_total", "outcome")["applied"] == 50


def test_metrics_count_resources_by_condition(bench: OperatorBench) -> None:
    with bench.operator() as operator:
        bench.settled(bench.apply(event_topic()))
        bench.settled(bench.apply(event_topic(replicas=7)), "False")

        def ready(status: str) -> float:
            sample = rf'heartzone_eventtopics{{condition="Ready",status="{status}"}} (\S+)'
            found = re.search(sample, operator.get("/metrics").text)
            return float(found[1]) if found else -1

        eventually(lambda: (ready("True"), ready("False"), ready("Unknown")) == (1, 1, 0), "the resources counted")
        assert operator.metric("heartzone_reconcile_duration_seconds_count") > 0
        assert "heartzone_build_info" in operator.get("/metrics").text


def test_a_namespace_without_resources_is_resynced(bench: OperatorBench) -> None:
    with bench.operator({"HEARTZONE_RESYNC_INTERVAL": "1"}) as operator:
        eventually(lambda: operator.metric("heartzone_reconcile_batch_resources_count") >= 2, "two resyncs")
        bench.settled(bench.apply(event_topic()))


def test_a_batch_has_a_span_where_a_collector_is_named(bench: OperatorBench) -> None:
    with span_collector() as collector:
        exporter = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with bench.operator(exporter):
            name = bench.apply(event_topic())
            bench.settled(name)
            eventually(
                lambda: any(each.attributes.get("heartzone.eventtopic.name") == name for each in collector.spans),
                "the span of its batch",
            )

    assert {(each.service, each.name) for each in collector.spans} == {("heartzone-operator", "reconcile EventTopics")}
