"""An EventTopic is parsed strictly: an error is one sentence with the field and the value."""

from copy import deepcopy
from typing import Any

import pytest

from event_topics import InvalidEventTopicError, parse_event_topic

MANIFEST: dict[str, Any] = {
    "apiVersion": "heartzone.dev/v1alpha1",
    "kind": "EventTopic",
    "metadata": {"name": "orders"},
    "spec": {"partitions": 3},
}


def manifest(**changes: Any) -> dict[str, Any]:
    """The smallest manifest, with fields of `spec` set; a dot in a name goes one level down."""
    document = deepcopy(MANIFEST)
    document["spec"].update(changes)
    return document


def test_the_smallest_resource_leaves_the_rest_to_the_broker_and_keeps_the_data() -> None:
    event_topic = parse_event_topic(MANIFEST)

    assert event_topic.topic_name == "orders"
    assert event_topic.spec.replicas is None
    assert event_topic.spec.config == {}
    assert event_topic.spec.value_schema is None
    assert event_topic.spec.deletion_policy == "Retain"


def test_the_topic_may_have_another_name_than_the_resource() -> None:
    assert parse_event_topic(manifest(topicName="Orders.v1")).topic_name == "Orders.v1"


def test_what_kubernetes_adds_is_let_through() -> None:
    document = manifest()
    document["metadata"] |= {"namespace": "shop", "uid": "1", "managedFields": [], "labels": {"team": "a"}}
    document["status"] = {"conditions": []}

    assert parse_event_topic(document).full_name == "shop/orders"


@pytest.mark.parametrize(
    ("value", "text"),
    [(604800000, "604800000"), (0.5, "0.5"), (1e-7, "1e-07"), (2.0, "2"), (True, "true"), (False, "false")],
)
def test_a_number_or_a_truth_value_in_config_is_read_as_kafka_reads_it(value: object, text: str) -> None:
    event_topic = parse_event_topic(manifest(config={"a": value}))

    assert event_topic.spec.config == {"a": text}


def test_a_schema_is_text_or_a_key_of_a_config_map() -> None:
    reference = {"configMapKeyRef": {"name": "schemas", "key": "order.json"}}
    event_topic = parse_event_topic(
        manifest(
            valueSchema={"type": "JSON", "compatibility": "BACKWARD", "schema": "{}"},
            keySchema={"type": "AVRO", "schemaFrom": reference},
        )
    )

    assert event_topic.spec.value_schema is not None
    assert event_topic.spec.value_schema.text == "{}"
    assert event_topic.spec.key_schema is not None
    assert event_topic.spec.key_schema.schema_from is not None
    assert event_topic.spec.key_schema.schema_from.config_map_key_ref.key == "order.json"


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 249, "...", "_"])
def test_legal_topic_names_are_accepted(name: str) -> None:
    assert parse_event_topic(manifest(topicName=name)).topic_name == name


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "ä", "x" * 250, "a\n", "__consumer_offsets"])
def test_illegal_topic_names_are_rejected(name: str) -> None:
    with pytest.raises(
        InvalidEventTopicError, match=r"^spec\.topicName .*: (a topic's name|this topic belongs to Kafka)"
    ):
        parse_event_topic(manifest(topicName=name))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"partition": 3}, "spec.partition is not a field of an EventTopic, did you mean partitions?", id="misspelt"
        ),
        pytest.param({"xyzzy": 3}, "spec.xyzzy is not a field of an EventTopic", id="unknown"),
        pytest.param({"partitions": "3"}, "spec.partitions must be a valid integer, not '3'", id="text for a number"),
        pytest.param({"partitions": True}, "spec.partitions must be a valid integer, not True", id="yes for a number"),
        pytest.param({"partitions": 0}, "spec.partitions must be greater than or equal to 1, not 0", id="no partition"),
        pytest.param(
            {"config": {"min.cleanable.dirty.ratio": float("nan")}},
            "spec.config.min.cleanable.dirty.ratio must be text, write nan in quotes",
            id="no number in config",
        ),
        pytest.param(
            {"config": {"": "1"}},
            "spec.config has the key '': a key has 1 to 249 characters and no control characters",
            id="empty key",
        ),
        pytest.param(
            {"config": {"a\0": "1"}},
            r"spec.config has the key 'a\x00': a key has 1 to 249 characters and no control characters",
            id="NUL in a key",
        ),
        pytest.param(
            {"config": {"retention.ms": "1\x000"}},
            r"spec.config has '1\x000' for retention.ms: a value has at most 8000 characters and no control characters",
            id="NUL in a value",
        ),
        pytest.param(
            {"config": dict.fromkeys(map(str, range(201)), "1")},
            "spec.config has 201 keys, and at most 200 are allowed",
            id="too many keys",
        ),
        pytest.param(
            {"deletionPolicy": "Keep"}, "spec.deletionPolicy must be 'Retain' or 'Delete', not 'Keep'", id="policy"
        ),
        pytest.param(
            {"valueSchema": {"type": "JSON"}},
            "spec.valueSchema needs exactly one of schema (the text) and schemaFrom (a ConfigMap's key)",
            id="no schema",
        ),
        pytest.param(
            {
                "valueSchema": {
                    "type": "JSON",
                    "schema": "{}",
                    "schemaFrom": {"configMapKeyRef": {"name": "a", "key": "b"}},
                }
            },
            "spec.valueSchema needs exactly one of schema (the text) and schemaFrom (a ConfigMap's key)",
            id="two schemas",
        ),
        pytest.param(
            {"valueSchema": {"type": "XML", "schema": "<a/>"}},
            "spec.valueSchema.type must be 'JSON', 'AVRO' or 'PROTOBUF', not 'XML'",
            id="language",
        ),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidEventTopicError) as caught:
        parse_event_topic(manifest(**changes))

    assert str(caught.value) == sentence


def test_every_wrong_field_is_named_at_once() -> None:
    document = manifest(replicas=0, config=[])
    del document["spec"]["partitions"]

    with pytest.raises(InvalidEventTopicError) as caught:
        parse_event_topic(document)

    assert str(caught.value).count(";") == 2
    assert "spec.partitions is missing" in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "EventTopic", 3])
def test_what_is_no_mapping_is_rejected(document: object) -> None:
    with pytest.raises(InvalidEventTopicError, match="an EventTopic is a mapping of fields"):
        parse_event_topic(document)


def test_a_value_that_is_long_is_shown_shortened() -> None:
    with pytest.raises(InvalidEventTopicError) as caught:
        parse_event_topic(manifest(partitions="x" * 10_000))

    assert len(str(caught.value)) < 200


def test_a_resource_name_is_one_that_kubernetes_accepts() -> None:
    with pytest.raises(InvalidEventTopicError, match=r"metadata\.name 'Orders': an object's name"):
        parse_event_topic(manifest() | {"metadata": {"name": "Orders"}})
