"""An event loop whose servers wait for seconds for the TLS of a client, where uvicorn's wait for a minute."""

import asyncio
from typing import Any

import uvloop

HANDSHAKE_TIMEOUT = 5.0
"""Seconds for a handshake. No protocol knows of a connection until it is over: no deadline of requests would end it,
and the end of the server would wait for it."""

SHUTDOWN_TIMEOUT = 2.0
"""Seconds for the client's part of the end of a connection."""


class TlsLoop(uvloop.Loop):
    """uvicorn passes neither timeout on."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.AbstractServer:  # type: ignore[override]
        """As that of the base class, which has the arguments."""
        if options.get("ssl"):
            options |= {"ssl_handshake_timeout": HANDSHAKE_TIMEOUT, "ssl_shutdown_timeout": SHUTDOWN_TIMEOUT}
        server: asyncio.AbstractServer = await super().create_server(*args, **options)
        return server
