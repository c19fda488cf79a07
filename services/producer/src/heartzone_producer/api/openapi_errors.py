"""The errors of the API, as its description shows them: the kinds of `problems`, with an example each."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from heartzone_producer.api.problems import DESCRIBED_KINDS, PROBLEM_JSON, RETRY_AFTER_SECONDS, ProblemKind
from heartzone_producer.intake.device_ids import EXAMPLE as DEVICE_ID
from heartzone_producer.intake.errors import MAX_VIOLATIONS

Json = dict[str, Any]

FIELD_ERROR: Json = {
    "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901) to what is wrong; empty is the whole body."},
    "detail": {"type": "string", "description": "The value, shortened, and what would be right."},
}

_EXAMPLES = {
    ProblemKind.MALFORMED: "The body is not JSON: Expecting value at line 1, column 1",
    ProblemKind.UNAUTHENTICATED: "There is no credential. Send an API key in X-API-Key.",
    ProblemKind.FORBIDDEN: f'"{DEVICE_ID}" is not a device that "clinic" may send for',
    ProblemKind.NOT_FOUND: 'There is nothing at "/biometric"; /docs lists the paths.',
    ProblemKind.METHOD_NOT_ALLOWED: '"/biometrics" does not accept GET; it accepts POST.',
    ProblemKind.REQUEST_IN_PROGRESS: "A request with this Idempotency-Key is being handled. Send this one again later.",
    ProblemKind.TOO_LARGE: "The body is larger than 1048576 bytes; send fewer readings a request.",
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: 'Content-Type "text/plain" is not supported; application/json was expected.',
    ProblemKind.INVALID_MESSAGE: '/heartRates/0/value: "150" is not an integer from 0 to 2147483647',
    ProblemKind.IDEMPOTENCY_KEY_REUSED: "The Idempotency-Key was used for another request, within the last 600 s; send"
    " this one with a key of its own.",
    ProblemKind.TOO_MANY_REQUESTS: "4096 requests are being handled, which is the limit. Send this one again later.",
    ProblemKind.UNAVAILABLE: "The broker cannot be reached. Send the request again later.",
    ProblemKind.HEAD_TOO_LARGE: "The request has 200 header or trailer fields; at most 100 are accepted.",
    ProblemKind.UNSUPPORTED_TRANSFER_CODING: 'Transfer-Encoding "gzip, chunked" is not supported; chunked was expected.'
    " Compression belongs into Content-Encoding.",
}
_BY_STATUS = [list(kinds) for _, kinds in groupby(DESCRIBED_KINDS, key=lambda kind: kind.status)]
_ERRORS = {
    ProblemKind.INVALID_MESSAGE: [
        {"pointer": "/heartRates/0/value", "detail": '"150" is not an integer from 0 to 2147483647'}
    ],
}
REQUEST_ID: Json = {
    "description": "The request's own X-Request-Id if it is of 1 to 128 characters A-Za-z0-9_.~+/=:@-, else a new one;"
    " logs have it, too.",
    "schema": {"type": "string"},
    "example": "5f1c2a9be04d7783-1f",
}
_RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "integer"},
        "example": RETRY_AFTER_SECONDS,
    }
}
_HEADERS: dict[int, Json] = {
    401: {
        "WWW-Authenticate": {"description": "The credentials that are taken.", "schema": {"type": "string"}},
    },
    405: {"Allow": {"description": "Methods that the path accepts.", "schema": {"type": "string"}}},
    409: _RETRY_AFTER,
    429: {
        **_RETRY_AFTER,
        "RateLimit-Policy": {
            "description": "The limit of one sender, where that is why (draft-ietf-httpapi-ratelimit-headers).",
            "schema": {"type": "string"},
            "example": '"principal";q=600;w=60',
        },
        "RateLimit": {
            "description": "Requests that remain (r), and seconds until there are more (t).",
            "schema": {"type": "string"},
            "example": '"principal";r=0;t=17',
        },
    },
    503: _RETRY_AFTER,
}


def references(*statuses: int) -> Json:
    """Responses of an operation that may end with these statuses."""
    return {
        str(kinds[0].status): {"$ref": f"#/components/responses/{_key(kinds[0])}"}
        for kinds in _BY_STATUS
        if kinds[0].status in statuses
    }


def responses() -> Json:
    """A response for each status, with an example of each kind of problem that has it.

    404 and 405 belong to paths and methods that no operation describes.
    """
    return {_key(kinds[0]): _response(kinds) for kinds in _BY_STATUS}


def schemas() -> Json:
    """The problem document."""
    error = {"type": "object", "properties": FIELD_ERROR, "required": ["pointer", "detail"]}
    return {
        "Problem": {
            "type": "object",
            "description": "RFC 9457.",
            "properties": {
                "type": {
                    "enum": [kind.type for kind in ProblemKind],
                    "description": "Identifies the kind of problem, and is the path of a page about it.",
                },
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {"type": "array", "minItems": 1, "maxItems": MAX_VIOLATIONS, "items": error},
            },
            "required": ["type", "title", "status", "detail"],
        }
    }


def _response(kinds: Sequence[ProblemKind]) -> Json:
    examples = {kind.slug: {"value": _example(kind)} for kind in kinds}
    own_headers = _HEADERS.get(kinds[0].status, {})
    return {
        "description": "; or: ".join(kind.title for kind in kinds),
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}, **own_headers},
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }


def _example(kind: ProblemKind) -> Json:
    example: Json = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": _EXAMPLES[kind]}
    if kind in _ERRORS:
        example["errors"] = _ERRORS[kind]
    return example


def _key(kind: ProblemKind) -> str:
    return "".join(part.capitalize() for part in kind.slug.split("-"))
