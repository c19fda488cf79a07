"""The check at start that the registered schema accepts what the worker writes."""

import json
from typing import Any

import pytest

from heartzone.messages import HeartRateZoneReached, json_schema
from heartzone.registry import RegisteredSchema
from heartzone_zone_worker.output_schema import OutputRefused, check_output_schema


def registered(schema: object) -> RegisteredSchema:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return RegisteredSchema(id=1, version=3, subject="zones-value", schema=text)


def changed(**properties: Any) -> dict[str, Any]:
    schema = json_schema(HeartRateZoneReached)
    return {**schema, "properties": {**schema["properties"], **properties}}


def test_our_own_schema_accepts_what_we_write() -> None:
    check_output_schema(registered(json_schema(HeartRateZoneReached)))


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
def test_a_schema_that_would_refuse_our_messages_is_told_with_its_version(schema: dict[str, Any]) -> None:
    with pytest.raises(OutputRefused, match=r"^zones-value version 3 refuses \{"):
        check_output_schema(registered(schema))


@pytest.mark.parametrize("text", ["", "{", '{"type": 5}'])
def test_what_is_no_schema_is_told(text: str) -> None:
    with pytest.raises(OutputRefused, match="zones-value version 3 is not a JSON Schema"):
        check_output_schema(registered(text))
