"""Errors for clients: problem documents (RFC 9457) of the kinds listed here, and no others."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler, Scope

from heartzone_producer.intake.refusals import BodyRefused, FieldError, NotJson, quote
from heartzone_producer.metrics import HttpMetrics
from heartzone_producer.writing.failures import RecordTooLarge, Unavailable

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class ProblemKind(Struct, frozen=True):
    """A kind of error: its ``type`` is a tag URI (RFC 4151), a name that leads nowhere."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The URI that programs tell kinds apart by."""
        return f"tag:heartzone.dev,2026:problem:{self.name}"


MALFORMED = ProblemKind("malformed", 400, "The request cannot be read")
NOT_FOUND = ProblemKind("not-found", 404, "There is nothing at this path")
METHOD_NOT_ALLOWED = ProblemKind("method-not-allowed", 405, "The path does not take this method")
TOO_LARGE = ProblemKind("too-large", 413, "The request is too large")
UNSUPPORTED = ProblemKind("unsupported-media-type", 415, "The body comes in a form that is not read here")
INVALID = ProblemKind("invalid-message", 422, "The body is not a valid message")
TOO_MANY = ProblemKind("too-many-requests", 429, "Too many requests at a time")
UNAVAILABLE = ProblemKind("unavailable", 503, "The message cannot be stored now")
BUG = ProblemKind("internal-error", 500, "The service failed")

KINDS = (MALFORMED, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE, UNSUPPORTED, INVALID, TOO_MANY, UNAVAILABLE)


class Problem(Exception):
    """Ends a request with a problem document; ``reason`` is what metrics count it under."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.reason = reason or kind.name.replace("-", "_")

    def document(self) -> bytes:
        """The problem document."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = self.errors
        return msgspec.json.encode(document)

    def response(self) -> Response:
        """The document as an answer, with its status and headers."""
        return Response(self.document(), self.kind.status, self.headers, PROBLEM_JSON)


def problem_of(error: Exception, scope: Scope) -> Problem:
    """The problem that an exception of this service or of Starlette's router stands for."""
    # The path as the server took it apart: Request.url would fail on some Host headers.
    path = quote(scope["path"])
    problem = Problem(BUG, "The service failed to handle the request; its log says why.")
    match error:
        case Problem():
            problem = error
        case BodyRefused():
            kind = MALFORMED if isinstance(error, NotJson) else INVALID
            problem = Problem(kind, _summary(error.errors), errors=error.errors)
        case RecordTooLarge():
            problem = Problem(TOO_LARGE, f"{_sentence(error)} Send fewer readings a request.")
        case Unavailable():
            problem = unavailable(error.reason, f"{_sentence(error)} Send the request again later.")
        case HTTPException(status_code=404):
            problem = Problem(NOT_FOUND, f"There is nothing at {path}; /docs shows what there is.")
        case HTTPException(status_code=405):
            allowed = ", ".join(sorted((error.headers or {})["Allow"].split(", ")))
            detail = f"{path} does not take {scope['method']}; it takes {allowed}."
            problem = Problem(METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})
    return problem


def unavailable(reason: str, detail: str) -> Problem:
    """A 503 with the time after which to try again."""
    return Problem(UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}, reason=reason)


def problem_handlers(metrics: HttpMetrics) -> dict[Any, ExceptionHandler]:
    """Handlers for Starlette, which count what they answer."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error, request.scope)
        metrics.rejected(problem.reason)
        return problem.response()

    return dict.fromkeys((Problem, BodyRefused, RecordTooLarge, Unavailable, HTTPException, Exception), answer)


def _summary(errors: Sequence[FieldError]) -> str:
    first = errors[0]
    where = f"{first.pointer}: " if first.pointer else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}{first.detail}{more}"


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
