"""The description of the API (OpenAPI 3.1): what requests may hold, and every response.

Its request schema is exact: tests hold it against what the API accepts. ``make generate`` writes the committed copy.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from heartzone_producer.api import openapi_errors as errors
from heartzone_producer.api import openapi_messages as messages
from heartzone_producer.api.batch import MAX_ITEMS
from heartzone_producer.api.openapi_security import SecurityScheme, requirements, schemes
from heartzone_producer.api.problems import ProblemKind
from heartzone_producer.intake.device_ids import EXAMPLE as DEVICE_ID
from heartzone_producer.intake.errors import MAX_VIOLATIONS
from heartzone_producer.intake.idempotency_keys import HEADER, MAX_LENGTH
from heartzone_producer.writing.errors import NOT_IN_TIME

Json = dict[str, Any]

_PAGE = "<!doctype html>…"

COURSE_REQUEST: Mapping[str, Any] = {
    "deviceId": DEVICE_ID,
    "heartRates": [
        {"dateTime": f"2022-12-02T13:{minute}:00.000Z", "value": value}
        for minute, value in zip(range(50, 56), range(90, 200, 20), strict=True)
    ],
    "maxHeartRate": 200,
}

_IDEMPOTENCY_KEY: Json = {
    "name": HEADER,
    "in": "header",
    "description": "A text of the client's choice that is this request's own, such as a UUID. A request that is sent"
    " again with it has its effect once, within 10 minutes or what the service is set to, and for each device: make one"
    " before the first try and use it for each further one. As it is, or as a quoted string (RFC 8941).",
    "schema": {"type": "string", "pattern": f'^(?:"[!-~]{{1,{MAX_LENGTH}}}"|[!#-~][!-~]{{0,{MAX_LENGTH - 1}}})$'},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}


def description(security: Sequence[SecurityScheme] = ()) -> Json:
    """The document as plain values; ``security`` are the methods by which senders are authenticated, if any."""
    document = _open_description()
    if security:
        document["components"]["securitySchemes"] = schemes(security)
        for path in ("/biometrics", "/biometrics/batch", "/biometrics/raw"):
            operation = document["paths"][path]["post"]
            operation["security"] = requirements(security)
            operation["responses"] |= errors.references(401, 403)
    return document


def _open_description() -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "heartzone producer",
            "version": version("heartzone-producer"),
            "summary": "Accepts heart-rate readings and stores them in Kafka.",
            "description": "A 202 says that the broker has the message on all in-sync replicas. After a 503, or without"
            " a response, it may be stored or not: send it again, with its Idempotency-Key. Errors are problem"
            " documents (RFC 9457). Other paths have the status 404, other methods 405. A body may have the"
            " Content-Encoding gzip or zstd; the limit of a body holds for what it inflates to.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "."}],
        "paths": {
            "/biometrics": {"post": _post_biometrics()},
            "/biometrics/batch": {"post": _post_batch()},
            "/biometrics/raw": {"post": _post_raw()},
            "/openapi.json": {
                "get": _get("This description", "application/json", {"type": "object"}, {"openapi": "3.1.0"})
            },
            "/problems": {"get": _get("Kinds of problems", "text/html", {"type": "string"}, _PAGE)},
            "/problems/{name}": {
                "get": _get("A kind of problem: causes and remedies", "text/html", {"type": "string"}, _PAGE, 404),
                "parameters": [
                    {
                        "name": "name",
                        "in": "path",
                        "required": True,
                        "schema": {"enum": [kind.slug for kind in ProblemKind]},
                    }
                ],
            },
            "/docs": {"get": _get("This description for people", "text/html", {"type": "string"}, _PAGE)},
        },
        "components": {
            "schemas": {**messages.schemas(), **_batch_schemas(), **_raw_schemas(), **errors.schemas()},
            "responses": errors.responses(),
            "headers": {"RequestId": errors.REQUEST_ID},
        },
    }


def _post_biometrics() -> Json:
    return {
        "operationId": "postBiometrics",
        "summary": "Store the readings of a device",
        "description": "Each field may be written in camelCase or in PascalCase. The response is the message as it is"
        " stored, in camelCase: the device id in lower case, date-times in UTC with at most 6 fraction digits.",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("BiometricsRequest"), "example": COURSE_REQUEST}},
        },
        "responses": {
            "202": _content("Stored", "application/json", _ref("Biometrics"), COURSE_REQUEST),
            **errors.references(400, 409, 413, 415, 422, 429, 431, 501, 503),
        },
    }


def _post_batch() -> Json:
    line = json.dumps(COURSE_REQUEST, separators=(",", ":"))
    wrong = {"pointer": "/maxHeartRate", "detail": "0 is not an integer from 1 to 2147483647"}
    late = {"pointer": "", "detail": NOT_IN_TIME}
    outcome = _ref("BatchOutcome")
    return {
        "operationId": "postBatch",
        "summary": "Store many messages, each on its own",
        "description": f"At most {MAX_ITEMS} messages, one a line or as an array; the response to more is 413. Each is"
        " accepted or rejected on its own. Blank lines are no messages and are not counted. When items of a"
        " 207 are `retryable`, send the whole batch again with its Idempotency-Key, or, without one, those items.",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {"schema": {"type": "string", "minLength": 1}, "example": f"{line}\n{line}\n"},
                "application/json": {
                    "schema": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MAX_ITEMS,
                        "items": {"description": "A BiometricsRequest; anything else is rejected by its index."},
                    },
                    "example": [COURSE_REQUEST],
                },
            },
        },
        "responses": {
            "202": _content("All stored", "application/json", outcome, _batch_example(2)),
            "207": _content(
                "Some not stored", "application/json", outcome, _batch_example(1, (422, wrong), (503, late))
            ),
            **errors.references(400, 409, 413, 415, 422, 429, 431, 501, 503),
        },
    }


def _batch_example(accepted: int, *rejected: tuple[int, Json]) -> Json:
    """The response when the items after those that were accepted were not, for one reason each."""
    numbered = list(enumerate(rejected, start=accepted))
    return {
        "accepted": accepted,
        "refused": len(rejected),
        "errors": [{"index": index, **error} for index, (_, error) in numbered],
        "items": [
            {"index": index, "status": status, "retryable": status == 503, "errors": [error]}
            for index, (status, error) in numbered
        ],
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
            },
            _IDEMPOTENCY_KEY,
        ],
        "requestBody": {
            "required": True,
            "content": {"text/plain": {**text, "example": "90 bpm at 13:50"}, "application/json": text, "*/*": text},
        },
        "responses": {
            "202": _content("Stored", "application/json", _ref("RawOutcome"), {"deviceId": DEVICE_ID, "size": 15}),
            **errors.references(400, 409, 413, 415, 422, 429, 431, 501, 503),
        },
    }


def _get(summary: str, media_type: str, schema: Json, example: Any, *errors_of_its_own: int) -> Json:
    return {
        "summary": summary,
        "responses": {
            "200": _content(summary, media_type, schema, example),
            **errors.references(*errors_of_its_own, 429, 431),
        },
    }


def _batch_schemas() -> Json:
    count = {"type": "integer", "minimum": 0}
    where = {"index": {**count, "description": "Position of the message, from 0."}}
    return {
        "BatchOutcome": _object(
            {
                "accepted": count,
                "refused": count,
                "errors": {
                    "type": "array",
                    "maxItems": MAX_VIOLATIONS,
                    "items": _ref("ItemError"),
                    "description": "The first errors of all items.",
                },
                "items": {
                    "type": "array",
                    "maxItems": MAX_ITEMS,
                    "items": _ref("ItemOutcome"),
                    "description": "All items that were not stored, or of which it is not known, in order.",
                },
            }
        ),
        "ItemOutcome": _object(
            {
                **where,
                "status": {"enum": [400, 413, 422, 503], "description": "The status of the message if sent alone."},
                "retryable": {
                    "type": "boolean",
                    "description": "Whether it may be accepted later.",
                },
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_VIOLATIONS,
                    "items": _object(errors.FIELD_ERROR),
                    "description": "What is wrong with it; only the first error of each where there are very many.",
                },
            }
        ),
        "ItemError": _object({**where, **errors.FIELD_ERROR}),
    }


def _raw_schemas() -> Json:
    return {
        "RawOutcome": _object(
            {
                "deviceId": {"type": ["string", "null"], "description": "Key of the record; null when none was given."},
                "size": {"type": "integer", "minimum": 1, "description": "Bytes of the text, as they were stored."},
            }
        )
    }


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _content(text: str, media_type: str, schema: Json, example: Any) -> Json:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    return {"description": text, "headers": headers, "content": {media_type: {"schema": schema, "example": example}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
