"""Count and log every request, outside of everything that handles it."""

from collections.abc import Collection
from time import monotonic

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heartzone.trace_context import trace_id
from heartzone.violations import quote
from heartzone_producer.api.bodies import ClientDisconnectedError
from heartzone_producer.api.header_fields import header_fields
from heartzone_producer.api.origins import trace_of
from heartzone_producer.api.request_ids import HEADER, request_id
from heartzone_producer.metrics import HttpMetrics
from heartzone_producer.rejections import RejectionReason

log = structlog.get_logger(__name__)


class RequestTelemetry:
    """Pure ASGI middleware. ``routes`` are path templates without parameters; any other path counts as ``unmatched``.

    One log line a request, when ``log_requests``: at ten thousand requests a second they are for debugging only.
    """

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, routes: Collection[str], log_requests: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = {route: route for route in routes}
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = monotonic()
        fields = header_fields(scope)
        identity = request_id(fields)
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if not status:
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER, identity)]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnectedError:
            self._metrics.rejected(RejectionReason.CLIENT_DISCONNECTED)
        except Exception:
            log.error(
                "request_failed",
                request_id=identity.decode(),
                trace_id=trace_id(trace_of(fields)),
                method=scope["method"],
                path=quote(scope["path"]),
            )
            raise  # the server logs the traceback
        finally:
            seconds = monotonic() - started
            route = self._routes.get(scope["path"], "unmatched")
            if status:
                self._metrics.responded(route, scope["method"], status, seconds)
            if self._log_requests:
                log.debug(
                    "request_handled",
                    request_id=identity.decode(),
                    trace_id=trace_id(trace_of(fields)),
                    route=route,
                    method=scope["method"],
                    status=status,
                    seconds=round(seconds, 6),
                )
        return None
