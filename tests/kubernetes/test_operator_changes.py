"""Changes over time: by the resource, by hand, by a ConfigMap, and by another resource for the same topic."""

import itertools
import uuid
from functools import partial

import pytest
from confluent_kafka.schema_registry import Schema

from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.by_hand import ByHand, Topic, fresh_name, topic_of
from heartzone_testing.operators.event_topics import ADOPT, INCOMPATIBLE, SCHEMA_1, SCHEMA_2, event_topic
from heartzone_testing.waiting import eventually

JSON = {"type": "JSON"}


def has_another_topic(served: OperatorBench, name: str, than: set[str | None]) -> bool:
    return served.status(name).get("topicId") not in than


def test_of_two_resources_for_one_topic_the_older_owns_it_and_the_younger_when_that_is_deleted(
    served: OperatorBench,
) -> None:
    topic = fresh_name()
    older = served.apply(event_topic(topic, name="older", partitions=1))
    served.settled(older)
    # Kubernetes counts time in seconds; of two in the same second the name decides.
    younger = served.apply(event_topic(topic, name="younger", partitions=2))

    served.settled(younger, "False", reason="ResourceConflict")
    assert f"{served.namespace}/older" in served.condition(younger)["message"]
    assert topic_of(served.topic(topic)) == Topic(1)

    served.kubectl("delete", "et", older)
    served.settled(younger)
    assert topic_of(served.topic(topic)) == Topic(2)


def test_a_config_key_that_leaves_the_spec_is_reset_to_the_default_if_the_resource_had_set_it(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh_name()
    by_hand.create(topic, Topic(1, {"segment.ms": "60000", "retention.ms": "1000"}))
    # retention.ms is set by us, segment.ms was there with that value already.
    name = served.apply(event_topic(topic, annotations=ADOPT, config={"retention.ms": "2000", "segment.ms": "60000"}))
    served.settled(name)

    served.apply(event_topic(topic, annotations=ADOPT, config={}))
    served.settled(name)

    assert topic_of(served.topic(topic)) == Topic(1, {"segment.ms": "60000"})


def test_what_was_set_is_reset_though_the_status_is_lost_with_the_key_in_the_spec(served: OperatorBench) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, config={"retention.ms": "2000"}))
    served.settled(name)
    served.kubectl("annotate", "et", name, "heartzone.dev/pause=true")
    served.kubectl(
        "patch", "et", name, "--subresource=status", "--type=json", '--patch=[{"op": "remove", "path": "/status"}]'
    )

    served.apply(event_topic(topic, config={}))
    served.kubectl("annotate", "et", name, "heartzone.dev/pause-", "--overwrite")
    served.settled(name)

    assert topic_of(served.topic(topic)) == Topic(1)


def test_a_change_of_compatibility_alone_is_applied_and_a_level_that_leaves_the_spec_is_reset(
    served: OperatorBench,
) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, schema=SCHEMA_1, compatibility="BACKWARD"))
    served.settled(name)

    served.apply(event_topic(topic, schema=SCHEMA_1, compatibility="FULL"))
    served.settled(name)

    assert served.registry.get_compatibility(f"{topic}-value") == "FULL"
    assert served.versions(topic) == [1]

    served.apply(event_topic(topic, schema=SCHEMA_1))
    served.settled(name)

    assert served.registry.get_compatibility(f"{topic}-value") == served.registry.get_compatibility()


def test_a_config_map_that_is_created_late_lacks_the_key_or_changes_is_watched(served: OperatorBench) -> None:
    topic, name_of_map = fresh_name(), f"schemas-{uuid.uuid4().hex[:8]}"
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


def test_what_somebody_changes_by_hand_is_reverted_and_an_event_reports_it(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, config={"retention.ms": "1000"}, schema=SCHEMA_1, compatibility="BACKWARD"))
    served.settled(name)

    by_hand.set(topic, "retention.ms", "5")
    eventually(lambda: topic_of(served.topic(topic)) == Topic(1, {"retention.ms": "1000"}), "the topic reverted")
    served.registry.set_compatibility(f"{topic}-value", "NONE")
    eventually(lambda: served.registry.get_compatibility(f"{topic}-value") == "BACKWARD", "the subject reverted")

    eventually(lambda: served.event_reasons(name).count("PutRight") == 2, "two events")
    assert served.settled(name)["partitions"] == 1


def test_a_version_registered_by_hand_on_top_is_reported(served: OperatorBench) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, schema=SCHEMA_1))
    served.settled(name)

    served.registry.register_schema(f"{topic}-value", Schema(SCHEMA_2, "JSON"))

    served.settled(name, "False", reason="SchemaSuperseded")


def test_a_topic_or_subject_deleted_by_hand_is_created_again_with_a_warning(
    served: OperatorBench, by_hand: ByHand
) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, schema=SCHEMA_1))
    former = served.settled(name)["topicId"]

    by_hand.delete(topic)
    eventually(lambda: served.status(name)["topicId"] not in (former, None), "another topic of the same name")
    served.registry.delete_subject(f"{topic}-value")
    eventually(lambda: served.versions(topic) != [], "the subject registered again")

    eventually(lambda: "TopicCreatedAgain" in served.event_reasons(name), "the event")


def test_a_paused_resource_is_left_alone_until_the_annotation_is_removed(served: OperatorBench) -> None:
    topic = fresh_name()
    paused = event_topic(topic, partitions=2, annotations={"heartzone.dev/pause": "true"})
    name = served.apply(paused)
    served.settled(name, "Unknown", reason="Paused")
    assert served.topic(topic) is None

    served.apply(event_topic(topic, partitions=2))
    served.settled(name)
    served.apply(event_topic(topic, partitions=3, annotations={"heartzone.dev/pause": "true"}))
    other = served.apply(event_topic(fresh_name()))
    served.settled(other)

    assert topic_of(served.topic(topic)) == Topic(2)
    assert served.status(name)["observedGeneration"] == 1
    assert served.condition(name, "ReconciliationPaused")["status"] == "True"
    assert served.condition(name)["status"] == "True", "as it was before"

    served.apply(event_topic(topic, partitions=3))
    served.settled(name)
    assert served.condition(name, "ReconciliationPaused") == {}


def test_nothing_is_written_while_nothing_changes(served: OperatorBench) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, config={"retention.ms": "1000"}, schema=SCHEMA_1))
    served.settled(name)
    before = served.kubectl.get("et", name)["metadata"]["resourceVersion"]
    marker = fresh_name()
    # By the time that a topic deleted by hand is back, a whole resync has passed over all resources, twice.
    other = served.apply(event_topic(marker))
    for _ in range(2):
        topic_ids = {None, served.settled(other)["topicId"]}
        served.kafka.delete([marker])
        eventually(partial(has_another_topic, served, other, topic_ids), "a resync")

    assert served.kubectl.get("et", name)["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize("schema", [SCHEMA_2, INCOMPATIBLE], ids=["accepted", "incompatible"])
def test_observed_generation_and_transition_times_are_correct(served: OperatorBench, schema: str) -> None:
    topic = fresh_name()
    name = served.apply(event_topic(topic, schema=SCHEMA_1, compatibility="BACKWARD"))
    first = served.settled(name)
    served.apply(event_topic(topic, schema=schema, compatibility="BACKWARD"))

    second = served.settled(name, "True" if schema == SCHEMA_2 else "False")

    assert (first["observedGeneration"], second["observedGeneration"]) == (1, 2)
    for before, after in itertools.product(first["conditions"], second["conditions"]):
        if (before["type"], before["status"]) == (after["type"], after["status"]):
            assert before["lastTransitionTime"] == after["lastTransitionTime"]
