"""A gate in front of a real registry, as a gateway has it: basic authentication, whose password tests replace."""

import base64
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler

from heartzone_testing.services.loopback_server import LoopbackServer


class GuardedRegistry(LoopbackServer):
    """Passes on what has the right `user` and `password`, while the block lasts."""

    def __init__(self, registry_url: str, *, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.registry_url = registry_url
        self.user = user
        self.password = password

    def admits(self, authorization: str | None) -> bool:
        """Say whether a request's field Authorization has the user and the password of now."""
        expected = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return authorization == f"Basic {expected}"


class _Handler(BaseHTTPRequestHandler):
    server: GuardedRegistry

    def do_GET(self) -> None:
        """Respond as the registry does, or with 401."""
        if not self.server.admits(self.headers["Authorization"]):
            self._respond(401, b'{"error_code": 401, "message": "Unauthorized"}')
            return
        try:
            with urllib.request.urlopen(self.server.registry_url + self.path, timeout=10) as response:
                self._respond(response.status, response.read())
        except urllib.error.HTTPError as error:
            self._respond(error.code, error.read())

    def _respond(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""
