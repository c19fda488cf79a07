"""Limit the requests that are handled at a time to what the memory of the process is made for."""

from starlette.types import ASGIApp, Receive, Scope, Send

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind
from heartzone_producer.metrics import HttpMetrics


class RequestLimit:
    """Pure ASGI middleware: responds with 429 to what comes while ``limit`` requests are being handled."""

    def __init__(self, app: ASGIApp, *, limit: int, metrics: HttpMetrics) -> None:
        self._app = app
        self._limit = limit
        self._metrics = metrics
        self._handling = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or reject it."""
        if scope["type"] != "http":  # the lifespan lasts as long as the process, and is no request
            return await self._app(scope, receive, send)
        if self._handling >= self._limit:
            problem = ProblemError(
                ProblemKind.TOO_MANY_REQUESTS,
                f"{self._limit} requests are being handled, which is the limit. Send this one again later.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            self._metrics.rejected(problem.reason)
            return await problem.response()(scope, receive, send)
        self._handling += 1
        try:
            return await self._app(scope, receive, send)
        finally:
            self._handling -= 1
