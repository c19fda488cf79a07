"""The messages of the API, as its description shows them: the JSON Schemas of the models, in the API's casings."""

from collections.abc import Mapping
from typing import Any

import msgspec

from heartzone.messages import INT32_MAX
from heartzone_producer.intake import device_ids, timestamps
from heartzone_producer.intake.biometrics import BiometricsBody
from heartzone_producer.intake.camel_case import pascal_case

Json = dict[str, Any]

# What the API accepts of a format, which is less than the models do.
_FORMATS: Mapping[str, tuple[str, Json]] = {
    "uuid": (
        "DeviceId",
        {
            "type": "string",
            "format": "uuid",
            "pattern": device_ids.PATTERN,
            "description": "Hyphenated hex in any case; stored in lower case, because it is the key.",
            "examples": [device_ids.EXAMPLE],
        },
    ),
    "date-time": (
        "DateTime",
        {
            "type": "string",
            "format": "date-time",
            "pattern": timestamps.PATTERN,
            "description": "RFC 3339, an offset of at most 14:00, no leap second, the years 0001 to 9999 of UTC.",
            "examples": ["2022-12-02T13:50:00.000Z"],
        },
    ),
}


def schemas() -> Json:
    """The message as it is stored, the message as it may be sent, and what they consist of."""
    _, models = msgspec.json.schema_components([BiometricsBody], ref_template="{name}")
    return {
        **dict(_FORMATS.values()),
        **{name: _stored(schema) for name, schema in models.items()},
        **{f"{name}Request": _requested(schema) for name, schema in models.items()},
    }


def _stored(model: Json) -> Json:
    return {**model, "properties": {name: _value(schema, "") for name, schema in model["properties"].items()}}


def _requested(model: Json) -> Json:
    """Each field once, in camelCase or PascalCase."""
    camel_case = {name: _value(schema, "Request") for name, schema in model["properties"].items()}
    return {
        "description": model["description"],
        "type": "object",
        "properties": {**camel_case, **{pascal_case(name): schema for name, schema in camel_case.items()}},
        "additionalProperties": False,
        "allOf": [{"oneOf": [{"required": [name]}, {"required": [pascal_case(name)]}]} for name in camel_case],
    }


def _value(schema: Json, suffix: str) -> Json:
    match schema:
        case {"$ref": name}:
            return {"$ref": f"#/components/schemas/{name}{suffix}"}
        case {"items": items}:
            return {**schema, "items": _value(items, suffix)}
        case {"format": form}:
            return {"$ref": f"#/components/schemas/{_FORMATS[form][0]}", "description": schema["description"]}
        case {"maximum": maximum} if maximum == INT32_MAX:
            return {**schema, "format": "int32"}
        case _:
            return schema
