"""Takes no more requests at a time than the memory of the process is made for."""

from starlette.types import ASGIApp, Receive, Scope, Send

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, TOO_MANY, Problem
from heartzone_producer.metrics import HttpMetrics


class RequestLimit:
    """Pure ASGI middleware: answers 429 to what comes while ``most`` requests are in hand."""

    def __init__(self, app: ASGIApp, *, most: int, metrics: HttpMetrics) -> None:
        self._app = app
        self._most = most
        self._metrics = metrics
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":  # the lifespan lasts as long as the process, and is no request
            return await self._app(scope, receive, send)
        if self._in_hand >= self._most:
            problem = Problem(
                TOO_MANY,
                f"{self._most} requests are in hand already. Send this one again later.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            self._metrics.rejected(problem.reason)
            return await problem.response()(scope, receive, send)
        self._in_hand += 1
        try:
            return await self._app(scope, receive, send)
        finally:
            self._in_hand -= 1
