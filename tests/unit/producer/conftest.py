"""The web application over a delivery that stores in memory, called without a network in between."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import Message

from heartzone.trace_context import TraceHeaders
from heartzone_producer.api.app import create_app
from heartzone_producer.api.connection import ConnectionPolicy
from heartzone_producer.api.openapi_security import SecurityScheme
from heartzone_producer.api.server import ApiServer, listen
from heartzone_producer.intake.biometrics import Accepted
from heartzone_producer.intake.origin import Origin
from heartzone_producer.metrics import HttpMetrics
from heartzone_producer.writing.delivery import Delivery
from heartzone_producer.writing.errors import NotAcknowledgedError
from heartzone_producer.writing.waiting import Acknowledgement
from heartzone_testing.services.response import Response

BODY_LIMIT = 4096
BODY_MEMORY = 100_000
MAX_REQUESTS = 4


class StoringDelivery(Delivery):
    """Acknowledges at once, fails as the test says, or never responds."""

    def __init__(self) -> None:
        self.payloads: list[tuple[str, bytes]] = []
        self.texts: list[tuple[str | None, bytes]] = []
        self.traces: list[TraceHeaders] = []
        self.keys: list[bytes | None] = []
        """Idempotency keys of both, in the order of the records."""
        self.failure: NotAcknowledgedError | None = None
        self.waits = False

    def biometrics(self, message: Accepted, origin: Origin) -> Acknowledgement:
        return self._outcome(self.payloads.append, (message.device_id, message.payload), origin)

    def raw(self, body: bytes, device_id: str | None, origin: Origin) -> Acknowledgement:
        return self._outcome(self.texts.append, (device_id, body), origin)

    def _outcome(self, store: Any, record: Any, origin: Origin) -> Acknowledgement:
        if self.failure is not None:
            raise self.failure
        acknowledgement: Acknowledgement = asyncio.get_running_loop().create_future()
        store(record)
        self.keys.append(origin.idempotency_key)
        self.traces.append(origin.trace)
        if not self.waits:
            acknowledgement.set_result(None)
        return acknowledgement


class Api:
    """The application under test and what surrounds it."""

    def __init__(
        self,
        *,
        max_requests: int = MAX_REQUESTS,
        cors_origins: tuple[str, ...] = (),
        body_limit: int = BODY_LIMIT,
        guards: Sequence[Middleware] = (),
        security: Sequence[SecurityScheme] = (),
    ) -> None:
        self.delivery = StoringDelivery()
        self.registry = CollectorRegistry()
        metrics = HttpMetrics(self.registry)
        self.policy = ConnectionPolicy(
            request_timeout=1.0, keep_alive=60.0, max_connections=1000, rejected=metrics.rejected
        )
        self.app = create_app(
            self.delivery,
            metrics=metrics,
            body_limit=body_limit,
            body_memory=BODY_MEMORY,
            max_requests=max_requests,
            deduplication_window=600,
            lifespan=_nothing_to_start,
            guards=guards,
            security=security,
            cors_origins=cors_origins,
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        chunks: int = 1,
    ) -> Response:
        """One request; its body in so many chunks."""
        return asyncio.run(self.request_async(method, path, body, headers=headers, chunks=chunks))

    def post(self, body: bytes, content_type: str | None = "application/json", path: str = "/biometrics") -> Response:
        headers = {} if content_type is None else {"content-type": content_type}
        return self.request("POST", path, body, headers=headers)

    async def request_async(
        self, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None, chunks: int = 1
    ) -> Response:
        size = -(-len(body) // chunks) or 1
        parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        incoming = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, start=1)
        ]
        return await self.exchange(method, path, incoming, headers or {})

    async def exchange(
        self, method: str, path: str, incoming: list[dict[str, Any]], headers: Mapping[str, str]
    ) -> Response:
        sent: list[Message] = []
        target, _, query = path.partition("?")

        async def receive() -> Message:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await self.app(scope, receive, send)
        if not sent:
            return Response(0, {}, b"")
        names = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Response(sent[0]["status"], names, b"".join(message.get("body", b"") for message in sent[1:]))

    @contextmanager
    def served(self, **policy: Any) -> Iterator[int]:
        """Serve it on a free port while the block lasts, under another policy of connections if one is given."""
        server = ApiServer(self.app, policy=replace(self.policy, **policy))
        with listen(0) as listener:
            port: int = listener.getsockname()[1]
            # Not the main thread, so that the server leaves signals alone.
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield port
            finally:
                server.should_exit = True
                thread.join(15)
                assert not thread.is_alive()


@asynccontextmanager
async def _nothing_to_start(_app: Starlette) -> AsyncIterator[None]:
    yield


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture(scope="module")
def port_of_module() -> Iterator[int]:
    """The same, once for a whole module."""
    with Api().served() as number:
        yield number


@pytest.fixture
def port(api: Api) -> Iterator[int]:
    """The application served on a free port, with a short time for a request."""
    with api.served() as number:
        yield number


@pytest.fixture
def make_api() -> type[Api]:
    """Makes applications with what stands before their endpoints."""
    return Api


@pytest.fixture
def api_for_one() -> Api:
    """An application that takes one request at a time."""
    return Api(max_requests=1)


@pytest.fixture
def api_for_pages() -> Api:
    """An application that pages of one other origin may call."""
    return Api(cors_origins=("https://app.example.org",))


@pytest.fixture
def api_for_large() -> Api:
    """An application that takes larger bodies, of which it holds a hundred thousand bytes at a time."""
    return Api(body_limit=60_000)


@pytest.fixture
def course_request() -> bytes:
    """What the original's course sends, to the byte."""
    readings = [
        f'{{"dateTime":"2022-12-02T13:5{minute}:00.000Z","value":{value}}}'
        for minute, value in enumerate(range(90, 200, 20))
    ]
    text = ",".join(readings)
    return (f'{{"deviceId":"3fa85f64-5717-4562-b3fc-2c963f66afa6","heartRates":[{text}],"maxHeartRate":200}}').encode()
