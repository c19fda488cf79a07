"""The messages on the topics, as typed models, and the JSON Schemas that follow from them.

Field names are PascalCase on the wire, every field is required and no other is allowed. Date-times stay text: they pass
from input to output to the digit, and .NET writes more digits than Python can hold.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

INT32_MAX = 2**31 - 1

DRAFT_07 = "http://json-schema.org/draft-07/schema#"

# Annotations instead of constrained text types: msgspec would accept more spellings than the schema's formats do.
DeviceId = Annotated[str, Meta(description="Device that measured.", extra_json_schema={"format": "uuid"})]
DateTime = Annotated[str, Meta(description="When it was measured.", extra_json_schema={"format": "date-time"})]
# The bounds say int32. Beside the format "int32", Apicurio's compatibility check lets an integer become a text.
BeatsPerMinute = Annotated[int, Meta(ge=0, le=INT32_MAX, description="Beats a minute.")]
MaxBeatsPerMinute = Annotated[
    int, Meta(ge=1, le=INT32_MAX, description="Highest heart rate of the wearer, in beats a minute.")
]
ZoneNumber = Annotated[
    int,
    Meta(
        ge=0,
        le=5,
        description="Zone of the heart rate by its share of the maximum: below 0.5 none, then a zone a tenth.",
        # NSwag and NJsonSchema make an enum type of these names.
        extra_json_schema={
            "enum": [0, 1, 2, 3, 4, 5],
            "x-enumNames": ["None", "Zone1", "Zone2", "Zone3", "Zone4", "Zone5"],
        },
    ),
]


class HeartRate(Struct, frozen=True, gc=False, rename="pascal", forbid_unknown_fields=True):
    """One reading of a device."""

    date_time: DateTime
    value: BeatsPerMinute


class Biometrics(Struct, frozen=True, gc=False, rename="pascal", forbid_unknown_fields=True):
    """Readings of one device, in the order in which it sent them."""

    device_id: DeviceId
    heart_rates: list[HeartRate]
    max_heart_rate: MaxBeatsPerMinute


class HeartRateZoneReached(Struct, frozen=True, gc=False, rename="pascal", forbid_unknown_fields=True):
    """A reading that lies in one of the five zones."""

    device_id: DeviceId
    zone: ZoneNumber
    date_time: DateTime
    heart_rate: BeatsPerMinute
    max_heart_rate: MaxBeatsPerMinute


encode = msgspec.json.Encoder().encode
"""The JSON of a message, UTF-8, without blanks."""


def json_schema(message: type[Struct]) -> dict[str, Any]:
    """The draft-07 JSON Schema of a message.

    Nested models are written in place: the registries' compatibility checks then have no reference to follow, and a
    title still gives code generators the name.
    """
    (schema,), components = msgspec.json.schema_components([message], ref_template="{name}")
    return {"$schema": DRAFT_07, **_inlined(schema, components)}


def _inlined(schema: Any, components: Mapping[str, Any]) -> Any:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            return _inlined(components[schema["$ref"]], components)
        return {key: _inlined(value, components) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(item, components) for item in schema]
    return schema
