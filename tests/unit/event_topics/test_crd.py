"""The definition that the API server validates resources with, against the models that it is generated from."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from event_topics import InvalidEventTopicError, custom_resource_definition, parse_event_topic
from event_topics.manifests.crd import structural_schema
from event_topics.model.resource import EventTopicSpec

VERSION = custom_resource_definition()["spec"]["versions"][0]
ROOT = VERSION["schema"]["openAPIV3Schema"]


def nodes(schema: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every schema within, with its place."""
    found = [(path, schema)]
    for name, each in schema.get("properties", {}).items():
        found += nodes(each, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            found += nodes(schema[key], f"{path}[]")
    return found


@pytest.mark.parametrize(("path", "schema"), nodes(ROOT), ids=[path or "root" for path, _ in nodes(ROOT)])
def test_every_field_is_structural_and_described(path: str, schema: dict[str, Any]) -> None:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        assert "type" not in schema
    else:
        assert schema["type"] in {"object", "array", "string", "integer"}
        assert "anyOf" not in schema
    assert not {"$ref", "title", "const"} & schema.keys()
    assert schema.get("description") or path == ".metadata" or path.endswith("[]")


def test_the_definition_knows_the_fields_of_the_model() -> None:
    aliases = {field.alias for field in EventTopicSpec.model_fields.values()}

    assert set(ROOT["properties"]["spec"]["properties"]) == aliases


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"partitions": 1}, id="the least"),
        pytest.param({"partitions": 1, "config": {"a": "b"}, "deletionPolicy": "Delete"}, id="policy"),
        pytest.param({}, id="no partitions"),
        pytest.param({"partitions": 0}, id="none"),
        pytest.param({"partitions": 100_000, "replicas": 10_000}, id="as many as the client accepts"),
        pytest.param({"partitions": 100_001}, id="too many"),
        pytest.param({"partitions": "3"}, id="text"),
        pytest.param({"partitions": 1, "replicas": 10_001}, id="too many replicas"),
        pytest.param({"partitions": 1, "topicName": "a/b"}, id="path"),
        pytest.param({"partitions": 1, "topicName": "a" * 250}, id="long name"),
        pytest.param({"partitions": 1, "topicName": ""}, id="empty name"),
        pytest.param({"partitions": 1, "config": {"a": 1}}, id="integer in config"),
        pytest.param({"partitions": 1, "config": {"a": 1.5}}, id="fraction in config"),
        pytest.param({"partitions": 1, "config": {"a": True}}, id="truth in config"),
        pytest.param({"partitions": 1, "config": {"a": {"b": "c"}}}, id="mapping in config"),
        pytest.param({"partitions": 1, "config": {"a": ["b"]}}, id="list in config"),
        pytest.param({"partitions": 1, "config": {"a": "x" * 8_000}}, id="the longest value"),
        pytest.param({"partitions": 1, "config": {"a": "x" * 8_001}}, id="too long a value"),
        pytest.param({"partitions": 1, "config": {"a": "1\x000"}}, id="a NUL in a value"),
        pytest.param({"partitions": 1, "config": {"a": "1\n0"}}, id="a line break in a value"),
        pytest.param({"partitions": 1, "config": dict.fromkeys(map(str, range(201)), "1")}, id="too many keys"),
        pytest.param({"partitions": 1, "deletionPolicy": "Forget"}, id="another policy"),
        pytest.param({"partitions": 1, "valueSchema": {"type": "XML", "schema": ""}}, id="another language"),
        pytest.param(
            {
                "partitions": 1,
                "valueSchema": {"type": "JSON", "schemaFrom": {"configMapKeyRef": {"name": "../x", "key": "k"}}},
            },
            id="a ConfigMap whose name is a path",
        ),
    ],
)
def test_the_definition_accepts_what_the_model_accepts(spec: dict[str, Any]) -> None:
    manifest = {"apiVersion": "heartzone.dev/v1alpha1", "kind": "EventTopic", "metadata": {"name": "a"}, "spec": spec}
    try:
        parse_event_topic(manifest)
        is_accepted = True
    except InvalidEventTopicError:
        is_accepted = False

    assert Draft202012Validator(ROOT).is_valid(manifest) == is_accepted


def test_an_optional_field_is_its_type() -> None:
    schema = structural_schema(
        {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}}
    )

    assert schema == {"properties": {"a": {"type": "string"}}}
