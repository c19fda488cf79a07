"""Deletion of a resource: everything stays with Retain, nothing but soft-deleted schemas with Delete."""

import json
import uuid
from collections.abc import Callable

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics import KafkaTopics
from heartzone_testing.operators.bench import OperatorBench, kubectl_wait
from heartzone_testing.operators.by_hand import ByHand, Topic, fresh_name, topic_of
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.waiting import eventually


def is_gone(bench: OperatorBench, name: str) -> bool:
    return bench.kubectl.run("get", "et", name).returncode != 0


def test_retain_has_no_finalizer_and_keeps_topic_and_subject(served: OperatorBench) -> None:
    asked = event_topic(schema=SCHEMA_1)
    topic = asked["spec"]["topicName"]
    name = served.apply(asked)
    served.settled(name)
    assert "finalizers" not in served.kubectl.get("et", name)["metadata"]

    served.kubectl("delete", "et", name)

    marker = served.apply(event_topic())
    served.settled(marker)  # the deletion was observed before this
    assert served.topic(topic) is not None
    assert served.versions(topic) == [1]


def test_delete_removes_the_topic_and_softly_its_subjects(served: OperatorBench) -> None:
    asked = event_topic(schema=SCHEMA_1, deletionPolicy="Delete", keySchema={"type": "JSON", "schema": SCHEMA_1})
    topic = asked["spec"]["topicName"]
    name = served.apply(asked)
    schema_id = served.settled(name)["valueSchema"]["id"]

    served.kubectl("delete", "et", name, "--timeout=30s")

    eventually(lambda: served.topic(topic) is None, "the topic gone")
    assert {f"{topic}-value", f"{topic}-key"}.isdisjoint(served.registry.get_subjects())
    assert served.registry.get_schema(schema_id).schema_str == SCHEMA_1, "records that are kept elsewhere stay readable"
    assert "Deleted" in served.event_reasons(name)


def test_resources_that_are_deleted_together_cost_one_request_for_their_topics(bench: OperatorBench) -> None:
    prefix = f"Gone-{uuid.uuid4().hex[:8]}"
    topics = [f"{prefix}-{number}" for number in range(40)]
    bench.kubectl.apply(*[event_topic(topic, schema=SCHEMA_1, deletionPolicy="Delete") for topic in topics])
    with bench.operator() as operator:
        kubectl_wait(bench.kubectl, timeout=60)

        bench.kubectl("delete", "et", "--all", "--timeout=60s")

        assert operator.samples("heartzone_kafka_requests_total", "request")["delete_topics"] <= 10
        assert operator.samples("heartzone_reconciles_total", "outcome")["deleted"] == len(topics)
    assert bench.kafka.observe(topics) == {}
    assert not {f"{topic}-value" for topic in topics} & set(bench.registry.get_subjects())


def test_a_changed_policy_removes_the_finalizer(served: OperatorBench) -> None:
    asked = event_topic(deletionPolicy="Delete")
    topic = asked["spec"]["topicName"]
    name = served.apply(asked)
    served.settled(name)
    assert served.kubectl.get("et", name)["metadata"]["finalizers"] == ["heartzone.dev/delete-topic"]

    served.apply(event_topic(topic, deletionPolicy="Retain"))
    eventually(lambda: "finalizers" not in served.kubectl.get("et", name)["metadata"], "no finalizer")
    served.kubectl("delete", "et", name)

    assert served.topic(topic) is not None


def test_the_younger_of_two_resources_does_not_delete_the_topic_of_the_older(served: OperatorBench) -> None:
    topic = f"Orders-{uuid.uuid4().hex[:8]}"
    served.settled(served.apply(event_topic(topic, name="a-older")))
    younger = served.apply(event_topic(topic, name="b-younger", deletionPolicy="Delete"))
    served.settled(younger, "False", reason="ResourceConflict")

    served.kubectl("delete", "et", younger, "--timeout=30s")

    assert served.topic(topic) is not None
    served.settled("a-older")


def test_a_paused_resource_is_not_deleted_before_it_is_released(served: OperatorBench) -> None:
    asked = event_topic(deletionPolicy="Delete")
    topic = asked["spec"]["topicName"]
    name = served.apply(asked)
    served.settled(name)
    served.kubectl("annotate", "et", name, "heartzone.dev/pause=true")

    served.kubectl("delete", "et", name, "--wait=false")
    served.settled(served.apply(event_topic()))
    assert served.topic(topic) is not None

    served.kubectl("annotate", "et", name, "heartzone.dev/pause-")
    eventually(lambda: is_gone(served, name), "the resource gone")
    assert served.topic(topic) is None


def test_while_kafka_is_unavailable_a_resource_waits_to_be_deleted_and_reports_it(
    bench: OperatorBench, embedded_kafka_factory: Callable[..., EmbeddedKafka]
) -> None:
    kafka = embedded_kafka_factory()
    asked = event_topic(deletionPolicy="Delete")
    with bench.operator({"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}):
        name = bench.apply(asked)
        bench.settled(name)
        kafka.nodes[0].kill()

        bench.kubectl("delete", "et", name, "--wait=false")
        eventually(lambda: "Waits to be deleted" in bench.condition(name)["message"], "the reason in the status")
        assert (bench.condition(name)["status"], bench.condition(name)["reason"]) == ("Unknown", "KafkaUnavailable")

        kafka.nodes[0].start()
        eventually(lambda: is_gone(bench, name), "the resource gone", 90)
        assert KafkaTopics(kafka.client_config()).observe([asked["spec"]["topicName"]]) == {}


def test_while_the_registry_is_unavailable_the_topic_is_deleted_and_the_resource_waits_for_its_subjects(
    bench: OperatorBench, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory()
    asked = event_topic(schema=SCHEMA_1, deletionPolicy="Delete")
    with bench.operator({"HEARTZONE_SCHEMA_REGISTRY_URL": registry.url}):
        name = bench.apply(asked)
        bench.settled(name)
        registry.kill()

        bench.kubectl("delete", "et", name, "--wait=false")
        eventually(lambda: bench.condition(name)["reason"] == "Deleted", "the topic's end in the status")
        schema_ready = bench.condition(name, "SchemaReady")
        assert (schema_ready["status"], schema_ready["reason"]) == ("Unknown", "RegistryUnavailable")
        assert "Waits to be deleted" in schema_ready["message"]
        assert bench.topic(asked["spec"]["topicName"]) is None

        registry.start()
        eventually(lambda: is_gone(bench, name), "the resource gone", 60)


def test_a_topic_that_the_resource_has_not_made_is_neither_changed_nor_deleted(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh_name()
    by_hand.create(topic, Topic(1))
    name = served.apply(event_topic(topic, partitions=3, schema=SCHEMA_1, deletionPolicy="Delete"))
    served.settled(name, "False", reason="TopicNotAdopted")
    assert served.versions(topic) == []

    served.kubectl("delete", "et", name, "--timeout=30s")

    assert topic_of(served.topic(topic)) == Topic(1)


def test_a_status_that_names_the_subject_of_others_deletes_nothing_of_theirs(served: OperatorBench) -> None:
    others, own = event_topic(schema=SCHEMA_1), event_topic(deletionPolicy="Delete")
    victim = others["spec"]["topicName"]
    served.settled(served.apply(others))
    name = served.apply(own)
    served.settled(name)
    forged = {"status": {"valueSchema": {"subject": f"{victim}-value", "id": 1, "version": 1}}}
    served.kubectl("annotate", "et", name, "heartzone.dev/pause=true")
    served.kubectl("patch", "et", name, "--subresource=status", "--type=merge", f"--patch={json.dumps(forged)}")
    served.kubectl("delete", "et", name, "--wait=false")
    served.kubectl("annotate", "et", name, "heartzone.dev/pause-")
    eventually(lambda: is_gone(served, name), "the resource gone")

    assert served.versions(victim) == [1]


def test_a_topic_that_somebody_made_anew_while_its_subjects_waited_is_kept(
    bench: OperatorBench, by_hand: ByHand, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory()
    asked = event_topic(schema=SCHEMA_1, deletionPolicy="Delete")
    topic = asked["spec"]["topicName"]
    with bench.operator({"HEARTZONE_SCHEMA_REGISTRY_URL": registry.url}):
        name = bench.apply(asked)
        bench.settled(name)
        registry.kill()
        bench.kubectl("delete", "et", name, "--wait=false")
        eventually(lambda: bench.condition(name)["reason"] == "Deleted", "the topic's end in the status")
        by_hand.create(topic, Topic(2))
        registry.start()
        eventually(lambda: is_gone(bench, name), "the resource gone", 60)

    assert topic_of(bench.topic(topic)) == Topic(2)
