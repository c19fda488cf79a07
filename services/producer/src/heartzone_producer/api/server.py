"""The HTTP server: uvicorn, which closes connections that take too long to send a request.

uvicorn has no limit for that (Kludex/uvicorn#157): a client that sends a byte a second, or none, would hold its
connection for ever, before any application sees it. So the protocol notes since when it waits, and once a second all
connections that are overdue are closed; a timer for each request would cost the hot path.
"""

import asyncio
import logging
import math
import socket
import ssl
from time import monotonic
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from heartzone_producer.api.authentication import CLIENT_CERTIFICATE
from heartzone_producer.api.problems import PROBLEM_JSON, ProblemError, ProblemKind
from heartzone_producer.authentication.certificates import ClientCertificate, client_certificate

TLS_LOOP = "heartzone_producer.api.tls_loop:TlsLoop"
"""As uvicorn imports it; nobody else needs it."""

REQUEST_GRACE_SECONDS = 2
"""For requests that are half-way in when the service is asked to stop."""

SHUTDOWN_GRACE_SECONDS = 7
"""The above and the longest wait for an acknowledgement; with what follows still below ten."""


class DeadlineProtocol(HttpToolsProtocol):
    """An HTTP connection that knows since when it waits for the rest of a request."""

    waiting_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A request is expected from now on."""
        super().connection_made(transport)
        self.waiting_since = monotonic()

    def on_message_begin(self) -> None:
        """A request has begun."""
        super().on_message_begin()
        self.waiting_since = monotonic()

    def on_message_complete(self) -> None:
        """The request is all here; how long its response takes is not the client's fault."""
        super().on_message_complete()
        self.waiting_since = None

    def send_400_response(self, msg: str) -> None:
        """Respond to what is not HTTP in the form of every other error."""
        body = ProblemError(ProblemKind.MALFORMED, msg).document()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()


class TlsProtocol(DeadlineProtocol):
    """An HTTP connection over TLS, whose requests know the client's certificate."""

    certificate: ClientCertificate | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The handshake is over."""
        super().connection_made(transport)
        self.certificate = client_certificate(transport.get_extra_info("peercert"))

    def on_message_begin(self) -> None:
        """A request has begun."""
        super().on_message_begin()
        scope: Scope = self.scope  # type: ignore[assignment] # the server's own type has only what the standard has
        scope[CLIENT_CERTIFICATE] = self.certificate


class ApiServer(uvicorn.Server):
    """Serves an application on a socket until `should_exit` is set, or SIGTERM or SIGINT come.

    Stops in order: accept no more, finish what is in flight, then the application's lifespan.
    """

    def __init__(self, app: ASGIApp, *, request_timeout: float, tls: ssl.SSLContext | None = None) -> None:
        # At lower levels it logs every start and, without limit, every request that is not HTTP.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=DeadlineProtocol if tls is None else TlsProtocol,
                ssl_context_factory=None if tls is None else lambda _config, _default: tls,
                ws="none",
                loop="uvloop" if tls is None else TLS_LOOP,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=SHUTDOWN_GRACE_SECONDS,
            )
        )
        self._request_timeout = request_timeout

    async def on_tick(self, counter: int) -> bool:
        """Close overdue connections once a second (uvicorn ticks ten times)."""
        if counter % 10 == 0:
            self._close_overdue(monotonic() - self._request_timeout)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Give clients that are sending a request a moment to finish it, too."""
        asyncio.get_running_loop().call_later(REQUEST_GRACE_SECONDS, self._close_overdue, math.inf)
        await super().shutdown(sockets)

    def _close_overdue(self, since: float) -> None:
        connections: list[Any] = list(self.server_state.connections)
        for connection in connections:
            if connection.waiting_since is not None and connection.waiting_since < since:
                connection.transport.close()


def listen(port: int) -> socket.socket:
    """A socket on every address of the machine.

    Raises:
        OSError: the port is taken, or not allowed.
    """
    return socket.create_server(("0.0.0.0", port), backlog=2048, reuse_port=False)  # noqa: S104 that is what it is for
