"""The errors of the API, as its description shows them: the kinds of `problems`, with an example each."""

from typing import Any

from heartzone_producer.api.problems import DESCRIBED_KINDS, PROBLEM_JSON, RETRY_AFTER_SECONDS, ProblemKind
from heartzone_producer.intake.errors import MAX_VIOLATIONS

Json = dict[str, Any]

FIELD_ERROR: Json = {
    "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901) to what is wrong; empty is the whole body."},
    "detail": {"type": "string", "description": "The value, shortened, and what would be right."},
}

_EXAMPLES = {
    400: "The body is not JSON: Expecting value at line 1, column 1",
    404: 'There is nothing at "/biometric"; /docs lists the paths.',
    405: '"/biometrics" does not accept GET; it accepts POST.',
    413: "The body is larger than 1048576 bytes; send fewer readings a request.",
    415: 'Content-Type "text/plain" is not supported; application/json was expected.',
    422: '/heartRates/0/value: "150" is not an integer from 0 to 2147483647',
    429: "4096 requests are being handled, which is the limit. Send this one again later.",
    503: "The broker cannot be reached. Send the request again later.",
}
_ERRORS = {
    422: [{"pointer": "/heartRates/0/value", "detail": '"150" is not an integer from 0 to 2147483647'}],
}
_RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "integer"},
        "example": RETRY_AFTER_SECONDS,
    }
}
_HEADERS: dict[int, Json] = {
    405: {"Allow": {"description": "Methods that the path accepts.", "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def references(*statuses: int) -> Json:
    """Responses of an operation that may end with these statuses."""
    return {
        str(kind.status): {"$ref": f"#/components/responses/{_key(kind)}"}
        for kind in DESCRIBED_KINDS
        if kind.status in statuses
    }


def responses() -> Json:
    """Each kind of problem as a response; 404 and 405 belong to paths and methods that no operation describes."""
    return {_key(kind): _response(kind) for kind in DESCRIBED_KINDS}


def schemas() -> Json:
    """The problem document."""
    error = {"type": "object", "properties": FIELD_ERROR, "required": ["pointer", "detail"]}
    return {
        "Problem": {
            "type": "object",
            "description": "RFC 9457.",
            "properties": {
                "type": {"type": "string", "format": "uri", "description": "Identifies the kind of problem."},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {"type": "array", "minItems": 1, "maxItems": MAX_VIOLATIONS, "items": error},
            },
            "required": ["type", "title", "status", "detail"],
        }
    }


def _response(kind: ProblemKind) -> Json:
    example: Json = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": _EXAMPLES[kind.status]}
    if kind.status in _ERRORS:
        example["errors"] = _ERRORS[kind.status]
    response: Json = {
        "description": kind.title,
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    if kind.status in _HEADERS:
        response["headers"] = _HEADERS[kind.status]
    return response


def _key(kind: ProblemKind) -> str:
    return "".join(part.capitalize() for part in kind.slug.split("-"))
