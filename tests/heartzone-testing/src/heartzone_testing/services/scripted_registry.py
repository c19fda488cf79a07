"""An HTTP server that responds as no registry does."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from heartzone_testing.services.loopback_server import LoopbackServer


class ScriptedRegistry(LoopbackServer):
    """Responds to every request as the test says, while the block lasts: in the place of a registry, or of a proxy."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.status = 200
        self.body: bytes = b""
        self.headers: dict[str, str] = {}
        self.endless = False
        self.echoes_ids = False
        self.paths: list[str] = []
        self.credentials: list[str | None] = []
        """The field Authorization of each request."""

    def responds_with(self, status: int, document: Any) -> None:
        """Set the response to a status and a JSON document."""
        self.status, self.body = status, json.dumps(document).encode()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedRegistry

    def do_GET(self) -> None:
        """Respond."""
        server = self.server
        server.paths.append(self.path)
        server.credentials.append(self.headers["Authorization"])
        body = json.dumps({"schema": self.path.rpartition("/")[2]}).encode() if server.echoes_ids else server.body
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        if not server.endless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
            while server.endless:
                self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""
