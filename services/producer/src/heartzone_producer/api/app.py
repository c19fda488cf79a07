"""The web application: its routes and middleware."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from heartzone_producer.api.batch import PostBatch
from heartzone_producer.api.biometrics import PostBiometrics
from heartzone_producer.api.documentation import documentation_routes
from heartzone_producer.api.idempotency import KnownRequests
from heartzone_producer.api.limits import RequestLimit
from heartzone_producer.api.openapi_security import SecurityScheme
from heartzone_producer.api.problems import problem_handlers
from heartzone_producer.api.raw import PostRaw
from heartzone_producer.api.telemetry import RequestTelemetry
from heartzone_producer.metrics import HttpMetrics
from heartzone_producer.writing.delivery import Delivery

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def create_app(
    delivery: Delivery,
    *,
    metrics: HttpMetrics,
    body_limit: int,
    max_requests: int,
    deduplication_window: float,
    lifespan: Lifespan,
    log_requests: bool = False,
    guards: Sequence[Middleware] = (),
    security: Sequence[SecurityScheme] = (),
) -> Starlette:
    """The application over a delivery; ``lifespan`` starts and stops what is behind it.

    ``guards`` are middleware of the routes that take messages; what describes the API is open to everybody.
    """
    requests = KnownRequests(window=deduplication_window)
    message = PostBiometrics(delivery, requests, body_limit=body_limit)
    batch = PostBatch(delivery, requests, body_limit=body_limit)
    raw = PostRaw(delivery, requests, body_limit=body_limit)
    routes = [
        Route("/biometrics", message, methods=["POST"], middleware=guards),
        Route("/biometrics/batch", batch, methods=["POST"], middleware=guards),
        Route("/biometrics/raw", raw, methods=["POST"], middleware=guards),
        *documentation_routes(security),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                RequestTelemetry,
                metrics=metrics,
                routes=[route.path for route in routes],
                log_requests=log_requests,
            ),
            Middleware(RequestLimit, limit=max_requests, metrics=metrics),
        ],
        exception_handlers=problem_handlers(metrics),
        lifespan=lifespan,
    )
    # A path with a slash too many is no path of ours: 404 instead of a redirect.
    app.router.redirect_slashes = False
    return app
