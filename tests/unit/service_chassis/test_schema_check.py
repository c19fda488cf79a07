"""The check at start that the registered schema accepts what a service writes."""

import json
from typing import Any

import pytest

from heartzone.messages import HeartRateZoneReached, json_schema
from heartzone_zone_worker.output_schema import SAMPLES
from service_chassis.schema_registry import RegisteredSchema
from service_chassis.schema_registry.compatibility import incompatibility


def registered(schema: object) -> RegisteredSchema:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return RegisteredSchema(id=1, version=3, subject="zones-value", schema=text)


def changed(**properties: Any) -> dict[str, Any]:
    schema = json_schema(HeartRateZoneReached)
    return {**schema, "properties": {**schema["properties"], **properties}}


def test_our_own_schema_accepts_what_we_write() -> None:
    assert incompatibility(registered(json_schema(HeartRateZoneReached)), SAMPLES) is None


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(changed(Zone={"type": "integer", "maximum": 4}), id="fewer-zones"),
        pytest.param(changed(HeartRate={"type": "string"}), id="another-type"),
        pytest.param(changed(HeartRate={"type": "integer", "maximum": 250}), id="a-lower-maximum"),
        pytest.param({**json_schema(HeartRateZoneReached), "required": ["Name"]}, id="another-required-field"),
        pytest.param(
            {"additionalProperties": False, "definitions": {"properties": {}}}, id="the-original-with-nested-properties"
        ),
    ],
)
def test_a_schema_that_does_not_accept_our_messages_is_named_with_its_version(schema: dict[str, Any]) -> None:
    problem = incompatibility(registered(schema), SAMPLES)

    assert problem is not None
    assert problem.startswith('zones-value version 3 does not accept {"DeviceId":')


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not-json"),
        pytest.param("[]", id="an-array"),
        pytest.param('{"type": 5}', id="against-the-metaschema"),
        pytest.param('{"$schema": "http://127.0.0.1:1/meta"}', id="unknown-metaschema"),
        pytest.param("[" * 100_000, id="nested-too-deep"),
        pytest.param("9" * 5_000, id="a-number-of-many-digits"),
        pytest.param('{"$ref": "#/definitions/absent"}', id="refers-to-nothing"),
        pytest.param('{"patternProperties": {"(": {}}}', id="a-pattern-that-is-none"),
    ],
)
def test_what_is_no_schema_is_reported_in_one_line(text: str) -> None:
    problem = incompatibility(registered(text), SAMPLES)

    assert problem is not None
    assert problem.startswith("zones-value version 3 is not a JSON Schema that can be used here: ")
    assert "\n" not in problem


@pytest.mark.parametrize("reference", ["http://127.0.0.1:1/other", "file:///etc/passwd"])
def test_other_documents_are_never_fetched(reference: str) -> None:
    problem = incompatibility(registered({"properties": {"Zone": {"$ref": reference}}}), SAMPLES)

    assert problem is not None
    assert f"it refers to another document, {reference}" in problem
