"""The web application: its routes and middleware."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from heartzone_producer.api.batch import PostBatch
from heartzone_producer.api.biometrics import PostBiometrics
from heartzone_producer.api.body_limits import BodyLimits
from heartzone_producer.api.cors import Cors
from heartzone_producer.api.documentation import documentation_routes
from heartzone_producer.api.idempotency import KnownRequests
from heartzone_producer.api.limits import RequestLimit
from heartzone_producer.api.openapi_security import SecurityScheme
from heartzone_producer.api.problem_pages import problem_routes
from heartzone_producer.api.problems import problem_handlers
from heartzone_producer.api.raw import PostRaw
from heartzone_producer.api.routing import PathRouter
from heartzone_producer.api.telemetry import RequestTelemetry
from heartzone_producer.metrics import HttpMetrics
from heartzone_producer.writing.delivery import Delivery
from service_chassis.telemetry.tracing import Spans

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def create_app(
    delivery: Delivery,
    *,
    metrics: HttpMetrics,
    body_limit: int,
    body_memory: int,
    max_requests: int,
    deduplication_window: float,
    lifespan: Lifespan,
    log_requests: bool = False,
    cors_origins: tuple[str, ...] = (),
    guards: Sequence[Middleware] = (),
    security: Sequence[SecurityScheme] = (),
    spans: Spans | None = None,
) -> Starlette:
    """The application over a delivery; ``lifespan`` starts and stops what is behind it.

    ``guards`` stand before the endpoints that take messages, the outermost first; what describes the API is open to
    everybody.
    """
    limits = BodyLimits(body_limit, body_memory)
    requests = KnownRequests(window=deduplication_window)
    endpoints: dict[str, ASGIApp] = {
        "/biometrics": PostBiometrics(delivery, requests, limits=limits),
        "/biometrics/batch": PostBatch(delivery, requests, limits=limits),
        "/biometrics/raw": PostRaw(delivery, requests, limits=limits),
    }
    posts = {path: _guarded(endpoint, guards) for path, endpoint in endpoints.items()}
    routes = [
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posts.items()),
        *documentation_routes(security),
        *problem_routes(),
    ]
    paths = [route.path for route in routes]
    app = Starlette(
        routes=routes,
        middleware=[
            *_tracing(spans, paths),
            Middleware(
                RequestTelemetry,
                metrics=metrics,
                routes=paths,
                log_requests=log_requests,
            ),
            *([Middleware(Cors, origins=cors_origins)] if cors_origins else []),
            Middleware(RequestLimit, limit=max_requests, metrics=metrics),
        ],
        exception_handlers=problem_handlers(metrics),
    )
    app.router = PathRouter(routes, posts=posts, lifespan=lifespan)
    return app


def _guarded(endpoint: "ASGIApp", guards: Sequence[Middleware]) -> "ASGIApp":
    """The endpoint behind its guards: it, and not its route, because the router has a way around routes."""
    for guard, arguments, options in reversed(guards):
        endpoint = guard(endpoint, *arguments, **options)
    return endpoint


def _tracing(spans: Spans | None, paths: Sequence[str]) -> list[Middleware]:
    if spans is None:
        return []
    from heartzone_producer.api.tracing import RequestTracing  # noqa: PLC0415 it needs the extra [tracing]

    return [Middleware(RequestTracing, spans=spans, routes=paths)]
