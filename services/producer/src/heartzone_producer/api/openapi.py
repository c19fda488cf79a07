"""The description of the API (OpenAPI 3.1): what requests may hold, and every answer.

Its request schema is exact: tests hold it against what the API accepts. ``make generate`` writes the committed copy.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from heartzone.messages import INT32_MAX
from heartzone_producer.api import openapi_errors as errors
from heartzone_producer.api.batch import MOST_ITEMS
from heartzone_producer.intake.refusals import MOST_ERRORS

Json = dict[str, Any]

DEVICE_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

COURSE_REQUEST: Mapping[str, Any] = {
    "deviceId": DEVICE_ID,
    "heartRates": [
        {"dateTime": f"2022-12-02T13:{minute}:00.000Z", "value": value}
        for minute, value in zip(range(50, 56), range(90, 200, 20), strict=True)
    ],
    "maxHeartRate": 200,
}

_DEVICE_ID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_DATE_TIME_PATTERN = (
    "^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]+)?"
    "([Zz]|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$"
)


def description() -> Json:
    """The document as plain values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "heartzone producer",
            "version": version("heartzone-producer"),
            "summary": "Takes heart-rate readings in and stores them in Kafka.",
            "description": "A 202 says that the broker has the message on all in-sync replicas. After a 503, or without"
            " an answer, it may be stored or not: send it again. Errors are problem documents (RFC 9457). Other paths"
            " are answered 404, other methods 405.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "."}],
        "paths": {
            "/biometrics": {"post": _post_biometrics()},
            "/biometrics/batch": {"post": _post_batch()},
            "/biometrics/raw": {"post": _post_raw()},
            "/openapi.json": {"get": _get("This description", "application/json", {"type": "object"})},
            "/docs": {"get": _get("This description for people", "text/html", {"type": "string"})},
        },
        "components": {
            "schemas": {**_message_schemas(), **_batch_schemas(), **errors.schemas()},
            "responses": errors.responses(),
        },
    }


def _post_biometrics() -> Json:
    return {
        "operationId": "postBiometrics",
        "summary": "Store the readings of a device",
        "description": "Each field may be written in camelCase or in PascalCase. The answer is the message as it is"
        " stored, in camelCase: the device id in lower case, date-times in UTC with at most 6 fraction digits.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("BiometricsRequest"), "example": COURSE_REQUEST}},
        },
        "responses": {
            "202": _content("Stored", "application/json", _ref("Biometrics"), COURSE_REQUEST),
            **errors.references(400, 413, 415, 422, 429, 503),
        },
    }


def _post_batch() -> Json:
    line = json.dumps(COURSE_REQUEST, separators=(",", ":"))
    refused = {"index": 1, "pointer": "/maxHeartRate", "detail": "0 is not an integer from 1 to 2147483647"}
    outcome = _ref("BatchOutcome")
    return {
        "operationId": "postBatch",
        "summary": "Store many messages, each on its own",
        "description": f"At most {MOST_ITEMS} messages, one a line or as an array. What is not valid is refused without"
        " harm to the rest. Blank lines are no messages and are not counted.",
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {"schema": {"type": "string", "minLength": 1}, "example": f"{line}\n{line}\n"},
                "application/json": {
                    "schema": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MOST_ITEMS,
                        "items": {"description": "A BiometricsRequest; anything else is refused by its index."},
                    },
                    "example": [COURSE_REQUEST],
                },
            },
        },
        "responses": {
            "202": _content("All stored", "application/json", outcome, {"accepted": 2, "refused": 0, "errors": []}),
            "207": _content(
                "Some not stored", "application/json", outcome, {"accepted": 1, "refused": 1, "errors": [refused]}
            ),
            **errors.references(400, 413, 415, 422, 429, 503),
        },
    }


def _post_raw() -> Json:
    text = {"schema": {"type": "string", "minLength": 1}}
    return {
        "operationId": "postRaw",
        "summary": "Store a text as it is",
        "description": "Any UTF-8 text that is not empty, in any media type; nothing of it is checked.",
        "parameters": [
            {
                "name": "deviceId",
                "in": "query",
                "description": "Key of the record: texts with the same one stay in order.",
                "schema": {"type": "string"},
                "example": DEVICE_ID,
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"text/plain": {**text, "example": "90 bpm at 13:50"}, "application/json": text, "*/*": text},
        },
        "responses": {"202": {"description": "Stored"}, **errors.references(400, 413, 415, 422, 429, 503)},
    }


def _get(summary: str, media_type: str, schema: Json) -> Json:
    return {
        "summary": summary,
        "responses": {"200": _content(summary, media_type, schema), **errors.references(429)},
    }


def _message_schemas() -> Json:
    camel_case = {
        "deviceId": _ref("DeviceId"),
        "heartRates": {"type": "array", "items": _ref("HeartRate")},
        "maxHeartRate": _integer(1, "Highest heart rate of the wearer, in beats a minute."),
    }
    reading = {"dateTime": _ref("DateTime"), "value": _integer(0, "Beats a minute.")}
    requested = {**camel_case, "heartRates": {"type": "array", "items": _ref("HeartRateRequest")}}
    return {
        "DeviceId": {
            "type": "string",
            "format": "uuid",
            "pattern": _DEVICE_ID_PATTERN,
            "description": "Hyphenated hex in any case; stored in lower case, because it is the key.",
            "examples": [DEVICE_ID],
        },
        "DateTime": {
            "type": "string",
            "format": "date-time",
            "pattern": _DATE_TIME_PATTERN,
            "description": "RFC 3339, an offset of at most 14:00, no leap second, the years 0001 to 9999 of UTC.",
            "examples": ["2022-12-02T13:50:00.000Z"],
        },
        "Biometrics": _object(camel_case),
        "HeartRate": _object(reading),
        "BiometricsRequest": _object_of_either_casing(requested),
        "HeartRateRequest": _object_of_either_casing(reading),
    }


def _batch_schemas() -> Json:
    count = {"type": "integer", "minimum": 0}
    where = {"index": {**count, "description": "Position of the message, from 0."}}
    return {
        "BatchOutcome": _object(
            {
                "accepted": count,
                "refused": count,
                "errors": {"type": "array", "maxItems": MOST_ERRORS, "items": _ref("ItemError")},
            }
        ),
        "ItemError": _object({**where, **errors.FIELD_ERROR}),
    }


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _object_of_either_casing(properties: Json) -> Json:
    """Each property once, in the casing given or with a capital first letter."""
    capital = {name: name[0].upper() + name[1:] for name in properties}
    return {
        "type": "object",
        "properties": {**properties, **{capital[name]: schema for name, schema in properties.items()}},
        "additionalProperties": False,
        "allOf": [{"oneOf": [{"required": [name]}, {"required": [capital[name]]}]} for name in properties],
    }


def _integer(least: int, text: str) -> Json:
    return {"type": "integer", "format": "int32", "minimum": least, "maximum": INT32_MAX, "description": text}


def _content(text: str, media_type: str, schema: Json, example: Any = None) -> Json:
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"description": text, "content": {media_type: content}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
