"""The HTTP server: uvicorn, with the connections of `connection`, of which it closes the overdue once a second."""

import asyncio
import logging
import math
import socket
import ssl
from functools import partial
from time import monotonic
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from heartzone_producer.api.connection import Connection, ConnectionPolicy
from heartzone_producer.api.tls_connection import TlsConnection

TLS_LOOP = "heartzone_producer.api.tls_loop:TlsLoop"
"""As uvicorn imports it; nobody else needs it."""

REQUEST_GRACE_SECONDS = 2
"""For requests that are half-way in when the service is asked to stop."""

SHUTDOWN_GRACE_SECONDS = 7
"""The above and the longest wait for an acknowledgement; with what follows still below ten."""


class ApiServer(uvicorn.Server):
    """Serves an application on a socket until `should_exit` is set, or SIGTERM or SIGINT come.

    Stops in order: accept no more, finish what is in flight, then the application's lifespan.
    """

    def __init__(self, app: ASGIApp, *, policy: ConnectionPolicy, tls: ssl.SSLContext | None = None) -> None:
        # At lower levels it logs every start and, without limit, every request that is not HTTP.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(Connection if tls is None else TlsConnection, policy),  # type: ignore[arg-type]
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

    async def on_tick(self, counter: int) -> bool:
        """Close overdue connections once a second (uvicorn ticks ten times)."""
        if counter % 10 == 0:
            self._close_overdue(monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Give clients that are sending a request a moment to finish it, too."""
        asyncio.get_running_loop().call_later(REQUEST_GRACE_SECONDS, self._close_overdue, math.inf)
        await super().shutdown(sockets)

    def _close_overdue(self, now: float) -> None:
        connections: list[Any] = list(self.server_state.connections)
        for connection in connections:
            connection.close_if_overdue(now)


def listen(port: int) -> socket.socket:
    """A socket on every address of the machine.

    Raises:
        OSError: the port is taken, or not allowed.
    """
    return socket.create_server(("0.0.0.0", port), backlog=2048, reuse_port=False)  # noqa: S104 that is what it is for
