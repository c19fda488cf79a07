"""A span for each request, outside of everything that handles it; in the stack only where spans are exported."""

from collections.abc import Collection

from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heartzone_producer.api.header_fields import FIELDS, header_fields
from heartzone_producer.api.origins import trace_of
from service_chassis.telemetry.tracing import Spans


class RequestTracing:
    """Pure ASGI middleware. What follows takes the span for the request's parent: its trace headers are replaced.

    Attributes are those of OpenTelemetry's conventions for HTTP servers. ``routes`` as `RequestTelemetry` has them.
    """

    def __init__(self, app: ASGIApp, *, spans: Spans, routes: Collection[str]) -> None:
        self._app = app
        self._spans = spans
        self._routes = frozenset(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within a span."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        method, path, fields = scope["method"], scope["path"], header_fields(scope)
        attributes = {"http.request.method": method, "url.path": path, "url.scheme": scope["scheme"]}
        name = method
        if path in self._routes:
            name, attributes["http.route"] = f"{method} {path}", path
        span = self._spans.begin(name, SpanKind.SERVER, trace_of(fields), attributes)
        carried = {name.encode(): value for name, value in self._spans.headers(span)}
        inner = {**scope, FIELDS: {**fields, **carried}}

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= 500:
                    span.set_status(Status(StatusCode.ERROR))
            await send(message)

        try:
            return await self._app(inner, receive, send_and_note)
        finally:
            span.end()
