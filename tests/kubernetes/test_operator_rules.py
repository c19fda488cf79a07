"""Rules of the operator: each row is seen on a real API server, broker and registry."""

from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema

from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.by_hand import ByHand, Topic, fresh_name, topic_of
from heartzone_testing.operators.event_topics import ADOPT, INCOMPATIBLE, SCHEMA_1, SCHEMA_2, event_topic
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.kubectl import KubectlError

JSON = {"type": "JSON"}
PROTOBUF = 'syntax = "proto3";\n\nmessage Order {\n  string id = 1;\n}\n'


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`before`: the topic at first, None for none. `spec`: what is applied.

    `ready`, `reason`, `says`: the condition Ready. `after`: the topic afterwards, None for none. `versions`: of the
    values' subject.
    """

    before: Topic | None = None
    registered: str | None = None
    spec: dict[str, Any]
    ready: str = "True"
    reason: str = "Ready"
    says: str = ""
    after: Topic | None
    versions: tuple[int, ...] = ()


RULES = {
    "a new topic is created and its schema registered": Rule(
        spec={"partitions": 2, "config": {"retention.ms": "1000"}, "valueSchema": {**JSON, "schema": SCHEMA_1}},
        after=Topic(2, {"retention.ms": "1000"}),
        versions=(1,),
    ),
    "an existing topic that is equal is adopted untouched": Rule(
        before=Topic(2, {"retention.ms": "1000", "segment.ms": "60000"}),
        registered=SCHEMA_1,
        spec={"partitions": 2, "config": {"retention.ms": "1000"}, "valueSchema": {**JSON, "schema": SCHEMA_1}},
        after=Topic(2, {"retention.ms": "1000", "segment.ms": "60000"}),
        versions=(1,),
    ),
    "config and more partitions are applied to an existing topic": Rule(
        before=Topic(1, {"retention.ms": "1000", "segment.ms": "60000"}),
        spec={"partitions": 3, "config": {"retention.ms": "2000"}},
        after=Topic(3, {"retention.ms": "2000", "segment.ms": "60000"}),
    ),
    "fewer partitions than there are is blocked, and the rest is applied": Rule(
        before=Topic(3),
        spec={"partitions": 1, "config": {"retention.ms": "2000"}, "valueSchema": {**JSON, "schema": SCHEMA_1}},
        ready="False",
        reason="FewerPartitions",
        says="set spec.partitions to 3",
        after=Topic(3, {"retention.ms": "2000"}),
        versions=(1,),
    ),
    "fewer partitions than there are are as asked where they are a minimum": Rule(
        before=Topic(3),
        spec={"partitions": 1, "partitionsPolicy": "AtLeast", "config": {"retention.ms": "2000"}},
        after=Topic(3, {"retention.ms": "2000"}),
    ),
    "another number of replicas is blocked with the way to do it": Rule(
        before=Topic(1),
        spec={"partitions": 1, "replicas": 2},
        ready="False",
        reason="ReplicasChanged",
        says="kafka-reassign-partitions",
        after=Topic(1),
    ),
    "an unknown config key is reported in the broker's words": Rule(
        spec={"partitions": 1, "config": {"nonsense": "1"}},
        ready="False",
        reason="InvalidConfig",
        says="Unknown topic config name: nonsense",
        after=None,
    ),
    "an invalid config value is reported in the broker's words": Rule(
        before=Topic(1, {"retention.ms": "1000"}),
        spec={"partitions": 1, "config": {"retention.ms": "soon"}},
        ready="False",
        reason="InvalidConfig",
        says="Invalid value soon",
        after=Topic(1, {"retention.ms": "1000"}),
    ),
    "more replicas than brokers are reported": Rule(
        spec={"partitions": 1, "replicas": 7},
        ready="False",
        reason="InvalidReplicas",
        says="only 1 broker",
        after=None,
    ),
    "a schema that is not JSON is invalid and the topic is created": Rule(
        spec={"partitions": 1, "valueSchema": {**JSON, "schema": "{"}},
        ready="False",
        reason="InvalidSchema",
        says="is not JSON",
        after=Topic(1),
    ),
    "JSON that is no schema is invalid and the topic is created": Rule(
        spec={"partitions": 1, "valueSchema": {**JSON, "schema": '{"type": "nonsense"}'}},
        ready="False",
        reason="InvalidSchema",
        says="not a valid JSON Schema",
        after=Topic(1),
    ),
    "an incompatible schema is reported in the registry's words, and the old version stays": Rule(
        before=Topic(1),
        registered=SCHEMA_1,
        spec={"partitions": 1, "valueSchema": {**JSON, "schema": INCOMPATIBLE, "compatibility": "BACKWARD"}},
        ready="False",
        reason="IncompatibleSchema",
        says="The registry says: ",
        after=Topic(1),
        versions=(1,),
    ),
    "a schema of another type than the subject's is blocked": Rule(
        before=Topic(1),
        registered=SCHEMA_1,
        spec={"partitions": 1, "valueSchema": {"type": "AVRO", "schema": '{"type": "string"}'}},
        ready="False",
        reason="SchemaTypeChanged",
        says="keep the type or use a new topic",
        after=Topic(1),
        versions=(1,),
    ),
    "a compatible schema becomes the next version": Rule(
        before=Topic(1),
        registered=SCHEMA_1,
        spec={"partitions": 1, "valueSchema": {**JSON, "schema": SCHEMA_2, "compatibility": "BACKWARD"}},
        after=Topic(1),
        versions=(1, 2),
    ),
    "a ConfigMap that is missing is named, and the topic is created": Rule(
        spec={
            "partitions": 1,
            "valueSchema": {**JSON, "schemaFrom": {"configMapKeyRef": {"name": "absent", "key": "a"}}},
        },
        ready="False",
        reason="ConfigMapNotFound",
        says="the ConfigMap 'absent', which does not exist",
        after=Topic(1),
    ),
    "Avro is passed on": Rule(
        spec={"partitions": 1, "valueSchema": {"type": "AVRO", "schema": '{"type": "string"}'}},
        after=Topic(1),
        versions=(1,),
    ),
    "Protobuf is passed on": Rule(
        spec={
            "partitions": 1,
            "valueSchema": {
                "type": "PROTOBUF",
                "schema": PROTOBUF,
            },
        },
        after=Topic(1),
        versions=(1,),
    ),
}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in RULES.items()])
def test_rule(served: OperatorBench, by_hand: ByHand, rule: Rule) -> None:
    topic = fresh_name()
    if rule.before is not None:
        by_hand.create(topic, rule.before)
        eventually(lambda: served.topic(topic) is not None, "the topic created by hand")
    if rule.registered is not None:
        served.registry.register_schema(f"{topic}-value", Schema(rule.registered, "JSON"))

    name = served.apply(event_topic(topic, annotations=ADOPT) | {"spec": {"topicName": topic, **rule.spec}})
    status = served.settled(name, rule.ready, reason=rule.reason)

    assert rule.says in served.condition(name)["message"]
    assert topic_of(served.topic(topic)) == rule.after
    assert served.versions(topic) == list(rule.versions)
    assert status.get("partitions") == (rule.after.partitions if rule.after else None)


def test_a_name_that_collides_with_another_topics_is_reported_in_the_brokers_words(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh_name()
    by_hand.create(f"{topic}.eu", Topic())

    name = served.apply(event_topic(f"{topic}_eu", name=f"{topic}-eu".lower()))

    served.settled(name, "False", reason="InvalidTopicName")
    assert f"collides with existing topic: {topic}.eu" in served.condition(name)["message"]


def test_topic_names_that_look_like_paths_are_rejected_by_the_api_server(served: OperatorBench) -> None:
    for name in ("../../subjects/x", "a/b", "%2e%2e", ".", "a" * 250):
        with pytest.raises(KubectlError, match=r"spec\.topicName"):
            served.kubectl.apply(event_topic(name, name="path"))
