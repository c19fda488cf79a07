"""What happens when: each row is a rule of the operator, seen on a real API server, broker and registry."""

import itertools
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema

from embedded_kafka import EmbeddedKafka
from event_topics.state import ObservedTopic
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import INCOMPATIBLE, SCHEMA_1, SCHEMA_2, event_topic
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.kubectl import KubectlError

JSON = {"type": "JSON"}
PROTOBUF = 'syntax = "proto3";\n\nmessage Order {\n  string id = 1;\n}\n'


@dataclass(frozen=True)
class Topic:
    """A topic that somebody made by hand, or that is expected."""

    partitions: int = 1
    config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`there`: the topic before, None for none. `ask`: the spec. `ready`, `reason`, `says`: the condition Ready.

    `then`: the topic afterwards, None for none; `versions`: of the values' subject.
    """

    there: Topic | None = None
    registered: str | None = None
    ask: dict[str, Any]
    ready: str = "True"
    reason: str = "Ready"
    says: str = ""
    then: Topic | None
    versions: tuple[int, ...] = ()


RULES = {
    "a new topic is created and its schema registered": Rule(
        ask={"partitions": 2, "config": {"retention.ms": "1000"}, "valueSchema": {**JSON, "schema": SCHEMA_1}},
        then=Topic(2, {"retention.ms": "1000"}),
        versions=(1,),
    ),
    "a topic that is there and equal is adopted untouched": Rule(
        there=Topic(2, {"retention.ms": "1000", "segment.ms": "60000"}),
        registered=SCHEMA_1,
        ask={"partitions": 2, "config": {"retention.ms": "1000"}, "valueSchema": {**JSON, "schema": SCHEMA_1}},
        then=Topic(2, {"retention.ms": "1000", "segment.ms": "60000"}),
        versions=(1,),
    ),
    "config and more partitions are applied to a topic that is there": Rule(
        there=Topic(1, {"retention.ms": "1000", "segment.ms": "60000"}),
        ask={"partitions": 3, "config": {"retention.ms": "2000"}},
        then=Topic(3, {"retention.ms": "2000", "segment.ms": "60000"}),
    ),
    "fewer partitions than there are is refused, and the rest is applied": Rule(
        there=Topic(3),
        ask={"partitions": 1, "config": {"retention.ms": "2000"}, "valueSchema": {**JSON, "schema": SCHEMA_1}},
        ready="False",
        reason="FewerPartitions",
        says="set spec.partitions to 3",
        then=Topic(3, {"retention.ms": "2000"}),
        versions=(1,),
    ),
    "another number of replicas is refused with the way to do it": Rule(
        there=Topic(1),
        ask={"partitions": 1, "replicas": 2},
        ready="False",
        reason="ReplicasChanged",
        says="kafka-reassign-partitions",
        then=Topic(1),
    ),
    "an unknown config key is refused in the broker's words": Rule(
        ask={"partitions": 1, "config": {"nonsense": "1"}},
        ready="False",
        reason="InvalidConfig",
        says="Unknown topic config name: nonsense",
        then=None,
    ),
    "a bad config value is refused in the broker's words": Rule(
        there=Topic(1, {"retention.ms": "1000"}),
        ask={"partitions": 1, "config": {"retention.ms": "soon"}},
        ready="False",
        reason="InvalidConfig",
        says="Invalid value soon",
        then=Topic(1, {"retention.ms": "1000"}),
    ),
    "more replicas than brokers are refused": Rule(
        ask={"partitions": 1, "replicas": 7},
        ready="False",
        reason="InvalidReplicas",
        says="only 1 broker",
        then=None,
    ),
    "a schema that is not JSON is refused and the topic is made": Rule(
        ask={"partitions": 1, "valueSchema": {**JSON, "schema": "{"}},
        ready="False",
        reason="InvalidSchema",
        says="is not JSON",
        then=Topic(1),
    ),
    "JSON that is no schema is refused and the topic is made": Rule(
        ask={"partitions": 1, "valueSchema": {**JSON, "schema": '{"type": "nonsense"}'}},
        ready="False",
        reason="InvalidSchema",
        says="not a valid JSON Schema",
        then=Topic(1),
    ),
    "an incompatible schema is refused in the registry's words, and the old version stays": Rule(
        there=Topic(1),
        registered=SCHEMA_1,
        ask={"partitions": 1, "valueSchema": {**JSON, "schema": INCOMPATIBLE, "compatibility": "BACKWARD"}},
        ready="False",
        reason="IncompatibleSchema",
        says="The registry says: ",
        then=Topic(1),
        versions=(1,),
    ),
    "a schema in another language than the subject's is refused": Rule(
        there=Topic(1),
        registered=SCHEMA_1,
        ask={"partitions": 1, "valueSchema": {"type": "AVRO", "schema": '{"type": "string"}'}},
        ready="False",
        reason="SchemaTypeChanged",
        says="keep the type or use a new topic",
        then=Topic(1),
        versions=(1,),
    ),
    "a compatible schema becomes the next version": Rule(
        there=Topic(1),
        registered=SCHEMA_1,
        ask={"partitions": 1, "valueSchema": {**JSON, "schema": SCHEMA_2, "compatibility": "BACKWARD"}},
        then=Topic(1),
        versions=(1, 2),
    ),
    "a ConfigMap that is missing is named, and the topic is made": Rule(
        ask={
            "partitions": 1,
            "valueSchema": {**JSON, "schemaFrom": {"configMapKeyRef": {"name": "absent", "key": "a"}}},
        },
        ready="False",
        reason="ConfigMapNotFound",
        says="the ConfigMap 'absent', which is not there",
        then=Topic(1),
    ),
    "Avro is passed on": Rule(
        ask={"partitions": 1, "valueSchema": {"type": "AVRO", "schema": '{"type": "string"}'}},
        then=Topic(1),
        versions=(1,),
    ),
    "Protobuf is passed on": Rule(
        ask={
            "partitions": 1,
            "valueSchema": {
                "type": "PROTOBUF",
                "schema": 'syntax = "proto3";\n\nmessage Order {\n  string id = 1;\n}\n',
            },
        },
        then=Topic(1),
        versions=(1,),
    ),
}


class ByHand:
    """What somebody does without the operator."""

    def __init__(self, kafka: EmbeddedKafka) -> None:
        self._admin = AdminClient({**kafka.client_config()})

    def create(self, name: str, topic: Topic) -> None:
        for future in self._admin.create_topics([NewTopic(name, topic.partitions, 1, config=topic.config)]).values():
            future.result()

    def set(self, name: str, key: str, value: str) -> None:
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
        for future in self._admin.incremental_alter_configs([resource]).values():
            future.result()

    def delete(self, name: str) -> None:
        for future in self._admin.delete_topics([name]).values():
            future.result()


@pytest.fixture(scope="module")
def by_hand(embedded_kafka: EmbeddedKafka) -> ByHand:
    return ByHand(embedded_kafka)


def fresh() -> str:
    return f"Orders-{uuid.uuid4().hex[:8]}"


def seen(topic: ObservedTopic | None) -> Topic | None:
    return None if topic is None else Topic(topic.partitions, dict(topic.config))


def has_another_topic(served: OperatorBench, name: str, than: set[str | None]) -> bool:
    return served.status(name).get("topicId") not in than


@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in RULES.items()])
def test_rule(served: OperatorBench, by_hand: ByHand, rule: Rule) -> None:
    topic = fresh()
    if rule.there is not None:
        by_hand.create(topic, rule.there)
        eventually(lambda: served.topic(topic) is not None, "the topic made by hand")
    if rule.registered is not None:
        served.registry.register_schema(f"{topic}-value", Schema(rule.registered, "JSON"))

    name = served.apply(event_topic(topic) | {"spec": {"topicName": topic, **rule.ask}})
    status = served.settled(name, rule.ready, reason=rule.reason)

    assert rule.says in served.condition(name)["message"]
    assert seen(served.topic(topic)) == rule.then
    assert served.versions(topic) == list(rule.versions)
    assert status.get("partitions") == (rule.then.partitions if rule.then else None)


def test_a_name_that_collides_with_another_topics_is_refused_in_the_brokers_words(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh()
    by_hand.create(f"{topic}.eu", Topic())

    name = served.apply(event_topic(f"{topic}_eu", name=f"{topic}-eu".lower()))

    served.settled(name, "False", reason="InvalidTopicName")
    assert f"collides with existing topic: {topic}.eu" in served.condition(name)["message"]


def test_of_two_resources_for_one_topic_the_older_keeps_it_and_the_younger_takes_over_when_it_goes(
    served: OperatorBench,
) -> None:
    topic = fresh()
    older = served.apply(event_topic(topic, name="older", partitions=1))
    served.settled(older)
    # Kubernetes counts time in seconds; of two in the same second the name decides.
    younger = served.apply(event_topic(topic, name="younger", partitions=2))

    served.settled(younger, "False", reason="ResourceConflict")
    assert f"{served.namespace}/older" in served.condition(younger)["message"]
    assert seen(served.topic(topic)) == Topic(1)

    served.kubectl("delete", "et", older)
    served.settled(younger)
    assert seen(served.topic(topic)) == Topic(2)


def test_a_config_key_that_leaves_the_spec_goes_back_to_the_default_if_the_resource_had_set_it(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh()
    by_hand.create(topic, Topic(1, {"segment.ms": "60000", "retention.ms": "1000"}))
    # retention.ms is set by us, segment.ms was there with that value already.
    name = served.apply(event_topic(topic, config={"retention.ms": "2000", "segment.ms": "60000"}))
    served.settled(name)

    served.apply(event_topic(topic, config={}))
    served.settled(name)

    assert seen(served.topic(topic)) == Topic(1, {"segment.ms": "60000"})


def test_a_change_of_compatibility_alone_is_made(served: OperatorBench) -> None:
    topic = fresh()
    name = served.apply(event_topic(topic, schema=SCHEMA_1, compatibility="BACKWARD"))
    served.settled(name)

    served.apply(event_topic(topic, schema=SCHEMA_1, compatibility="FULL"))
    served.settled(name)

    assert served.registry.get_compatibility(f"{topic}-value") == "FULL"
    assert served.versions(topic) == [1]


def test_a_config_map_that_comes_late_lacks_the_key_or_changes_is_watched(served: OperatorBench) -> None:
    topic, name_of_map = fresh(), f"schemas-{uuid.uuid4().hex[:8]}"
    source = {"configMapKeyRef": {"name": name_of_map, "key": "order.json"}}
    name = served.apply(event_topic(topic, valueSchema={**JSON, "schemaFrom": source}))
    served.settled(name, "False", reason="ConfigMapNotFound")

    def put(data: dict[str, str]) -> None:
        served.kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name_of_map}, "data": data})

    put({"other.json": SCHEMA_1})
    served.settled(name, "False", reason="ConfigMapKeyNotFound")
    assert "it has other.json" in served.condition(name)["message"]
    put({"order.json": SCHEMA_1})
    assert served.settled(name)["valueSchema"]["version"] == 1
    put({"order.json": SCHEMA_2})
    eventually(lambda: served.status(name)["valueSchema"]["version"] == 2, "the changed schema registered")


def test_what_somebody_changes_by_hand_is_put_right_and_an_event_tells_it(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh()
    name = served.apply(event_topic(topic, config={"retention.ms": "1000"}, schema=SCHEMA_1, compatibility="BACKWARD"))
    served.settled(name)

    by_hand.set(topic, "retention.ms", "5")
    eventually(lambda: seen(served.topic(topic)) == Topic(1, {"retention.ms": "1000"}), "the topic put right")
    served.registry.set_compatibility(f"{topic}-value", "NONE")
    eventually(lambda: served.registry.get_compatibility(f"{topic}-value") == "BACKWARD", "the subject put right")

    eventually(lambda: served.event_reasons(name).count("PutRight") == 2, "two events")
    assert served.settled(name)["partitions"] == 1


def test_a_version_registered_by_hand_on_top_is_reported(served: OperatorBench) -> None:
    topic = fresh()
    name = served.apply(event_topic(topic, schema=SCHEMA_1))
    served.settled(name)

    served.registry.register_schema(f"{topic}-value", Schema(SCHEMA_2, "JSON"))

    served.settled(name, "False", reason="SchemaSuperseded")


def test_a_topic_or_subject_deleted_by_hand_is_made_again_loudly(served: OperatorBench, by_hand: ByHand) -> None:
    topic = fresh()
    name = served.apply(event_topic(topic, schema=SCHEMA_1))
    former = served.settled(name)["topicId"]

    by_hand.delete(topic)
    eventually(lambda: served.status(name)["topicId"] not in (former, None), "another topic of the same name")
    served.registry.delete_subject(f"{topic}-value")
    eventually(lambda: served.versions(topic) != [], "the subject registered again")

    eventually(lambda: "TopicCreatedAgain" in served.event_reasons(name), "the event")


def test_a_paused_resource_is_left_alone_until_the_annotation_goes(served: OperatorBench) -> None:
    topic = fresh()
    paused = event_topic(topic, partitions=2, annotations={"heartzone.dev/pause": "true"})
    name = served.apply(paused)
    served.settled(name, "Unknown", reason="Paused")
    assert served.topic(topic) is None

    served.apply(event_topic(topic, partitions=2))
    served.settled(name)
    served.apply(event_topic(topic, partitions=3, annotations={"heartzone.dev/pause": "true"}))
    other = served.apply(event_topic(fresh()))
    served.settled(other)

    assert seen(served.topic(topic)) == Topic(2)
    assert served.status(name)["observedGeneration"] == 1


def test_nothing_is_written_while_nothing_changes(served: OperatorBench) -> None:
    topic = fresh()
    name = served.apply(event_topic(topic, config={"retention.ms": "1000"}, schema=SCHEMA_1))
    served.settled(name)
    before = served.kubectl.get("et", name)["metadata"]["resourceVersion"]
    marker = fresh()
    # By the time that a topic deleted by hand is back, a whole resync has passed over all resources, twice.
    other = served.apply(event_topic(marker))
    for _ in range(2):
        topic_ids = {None, served.settled(other)["topicId"]}
        served.kafka.delete([marker])
        eventually(partial(has_another_topic, served, other, topic_ids), "a resync")

    assert served.kubectl.get("et", name)["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize("schema", [SCHEMA_2, INCOMPATIBLE], ids=["taken", "refused"])
def test_observed_generation_and_transition_times_are_true(served: OperatorBench, schema: str) -> None:
    topic = fresh()
    name = served.apply(event_topic(topic, schema=SCHEMA_1, compatibility="BACKWARD"))
    first = served.settled(name)
    served.apply(event_topic(topic, schema=schema, compatibility="BACKWARD"))

    second = served.settled(name, "True" if schema == SCHEMA_2 else "False")

    assert (first["observedGeneration"], second["observedGeneration"]) == (1, 2)
    for before, after in itertools.product(first["conditions"], second["conditions"]):
        if (before["type"], before["status"]) == (after["type"], after["status"]):
            assert before["lastTransitionTime"] == after["lastTransitionTime"]


def test_topic_names_that_look_like_paths_are_refused_by_the_api_server(served: OperatorBench) -> None:
    for name in ("../../subjects/x", "a/b", "%2e%2e", ".", "a" * 250):
        with pytest.raises(KubectlError, match=r"spec\.topicName"):
            served.kubectl.apply(event_topic(name, name="path"))
