"""Errors for clients: problem documents (RFC 9457) of the kinds listed here, and no others."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler, Scope

from heartzone.violations import Violation, quote
from heartzone_producer.intake.errors import InvalidBodyError, MalformedBodyError
from heartzone_producer.metrics import HttpMetrics
from heartzone_producer.rejections import Rejection, RejectionReason
from heartzone_producer.writing.errors import RecordTooLargeError, UnavailableError

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class ProblemKind(Enum):
    """A kind of error: the end of its ``type``, its status and its title."""

    MALFORMED = ("malformed", 400, "The request cannot be read")
    UNAUTHENTICATED = ("unauthenticated", 401, "The request has no valid credential")
    FORBIDDEN = ("forbidden", 403, "The sender may not do that")
    NOT_FOUND = ("not-found", 404, "There is nothing at this path")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "The path does not accept this method")
    REQUEST_IN_PROGRESS = ("request-in-progress", 409, "The same request is being handled")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The body has a form that is not supported")
    INVALID_MESSAGE = ("invalid-message", 422, "The body is not a valid message")
    IDEMPOTENCY_KEY_REUSED = ("idempotency-key-reused", 422, "The Idempotency-Key belongs to another request")
    TOO_MANY_REQUESTS = ("too-many-requests", 429, "Too many requests at a time")
    HEAD_TOO_LARGE = ("head-too-large", 431, "The head of the request is too large")
    UNSUPPORTED_TRANSFER_CODING = ("unsupported-transfer-coding", 501, "The body is transferred in an unknown way")
    UNAVAILABLE = ("unavailable", 503, "The message cannot be stored now")
    INTERNAL_ERROR = ("internal-error", 500, "The service failed")
    """A fault of the service. No input leads to it, so that the API's description does not have it."""

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def type(self) -> str:
        """The URI reference that identifies the kind, at which the service has a page about it."""
        return f"/problems/{self.slug}"


DESCRIBED_KINDS = tuple(kind for kind in ProblemKind if kind is not ProblemKind.INTERNAL_ERROR)


class ProblemError(Exception):
    """Ends a request with a problem document; ``reason`` is what metrics count it under, by default that of its kind.

    Raises (constructor):
        ValueError: no reason for UNAVAILABLE, which has several.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        violations: Sequence[Violation] = (),
        headers: Mapping[str, str] | None = None,
        reason: Rejection | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.violations = violations
        self.headers = headers
        self.reason: Rejection = reason or RejectionReason(kind.slug.replace("-", "_"))

    def document(self) -> bytes:
        """The problem document."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.violations:
            document["errors"] = self.violations
        return msgspec.json.encode(document)

    def response(self) -> Response:
        """The document as a response, with its status and headers."""
        return Response(self.document(), self.kind.status, self.headers, PROBLEM_JSON)


def problem_of(error: Exception, scope: Scope) -> ProblemError:
    """The problem that an exception of this service or of Starlette's router stands for."""
    # The path as the server took it apart: Request.url would fail on some Host headers.
    path = quote(scope["path"])
    problem = ProblemError(ProblemKind.INTERNAL_ERROR, "The service failed to handle the request; its log says why.")
    match error:
        case ProblemError():
            problem = error
        case InvalidBodyError():
            kind = ProblemKind.MALFORMED if isinstance(error, MalformedBodyError) else ProblemKind.INVALID_MESSAGE
            problem = ProblemError(kind, _summary(error.violations), violations=error.violations)
        case RecordTooLargeError():
            problem = ProblemError(ProblemKind.TOO_LARGE, f"{_sentence(error)} Send fewer readings a request.")
        case UnavailableError():
            problem = ProblemError(
                ProblemKind.UNAVAILABLE,
                f"{_sentence(error)} Send the request again later.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                reason=error.reason,
            )
        case HTTPException(status_code=404):
            problem = ProblemError(ProblemKind.NOT_FOUND, f"There is nothing at {path}; /docs lists the paths.")
        case HTTPException(status_code=405):
            allowed = ", ".join(sorted((error.headers or {})["Allow"].split(", ")))
            detail = f"{path} does not accept {scope['method']}; it accepts {allowed}."
            problem = ProblemError(ProblemKind.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})
    return problem


def problem_handlers(metrics: HttpMetrics) -> dict[Any, ExceptionHandler]:
    """Handlers for Starlette, which count the requests that they reject."""

    async def respond(request: Request, error: Exception) -> Response:
        problem = problem_of(error, request.scope)
        metrics.rejected(problem.reason)
        return problem.response()

    handled = (ProblemError, InvalidBodyError, RecordTooLargeError, UnavailableError, HTTPException, Exception)
    return dict.fromkeys(handled, respond)


def _summary(violations: Sequence[Violation]) -> str:
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return f"{violations[0]}{more}"


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
