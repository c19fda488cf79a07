"""Requests from pages of other origins (CORS), where a setting allows some."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from heartzone.violations import quote
from heartzone_producer.api.problems import ProblemError, ProblemKind

REQUEST_HEADERS = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Idempotency-Key",
    "Traceparent",
    "Tracestate",
    "X-API-Key",
    "X-Request-Id",
)
RESPONSE_HEADERS = ("Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate", "X-Request-Id")
MAX_AGE_SECONDS = 600


class Cors(CORSMiddleware):
    """Starlette's, with errors in the form of every other."""

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=MAX_AGE_SECONDS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Respond to a browser that asks before it sends."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        origin, method = request_headers["origin"], request_headers["access-control-request-method"]
        problem = ProblemError(
            ProblemKind.MALFORMED,
            f"{quote(method)} from {quote(origin)} with these headers is not allowed; the setting"
            " HEARTZONE_HTTP_CORS_ORIGINS has the origins that are.",
            headers={"Vary": "Origin"},
        )
        return problem.response()
