"""The management port: metrics and health of a process, apart from what it serves to others.

Threaded, so that a long scrape does not keep a probe waiting, and apart from the service's own loop: the probe asks
whether that loop makes progress.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a probe, with the reason in a few words for people."""

    ok: bool
    reason: str


Probe = Callable[[], Health]


def examine(name: str, probe: Probe) -> Health:
    """Call a probe; one that raises has failed, and is logged under its name."""
    try:
        return probe()
    except Exception:
        log.exception("probe_failed", probe=name)
        return Health(ok=False, reason="the probe itself failed; the log says why")


class ManagementServer:
    """Serves ``/metrics``, ``/livez`` and ``/readyz`` on every address of the machine.

    A context manager: it listens from ``__enter__`` to ``__exit__``. Port 0 takes a free one;
    ``port`` is its number then. ``name`` is what the server calls itself in its responses.

    Raises (on entry):
        OSError: the port is taken; the text names it.
    """

    def __init__(
        self,
        port: int,
        *,
        registry: CollectorRegistry,
        live: Probe,
        ready: Probe,
        name: str = "management",
    ) -> None:
        self.port = port
        self._handler = type(
            "Handler",
            (_Handler,),
            {"metrics": registry, "probes": {"/livez": live, "/readyz": ready}, "server_version": name},
        )
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        try:
            self._server = _Server(("0.0.0.0", self.port), self._handler)  # noqa: S104 probes come from other hosts
        except OSError as error:
            raise OSError(
                error.errno, f"management port {self.port} cannot be listened on: {error.strerror}"
            ) from error
        self.port = self._server.server_address[1]
        Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.25}, name="management", daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default of 5 drops connections when several probes and scrapes come at once.
    request_queue_size = 64

    def server_bind(self) -> None:
        """Like the base class, but without asking the DNS for the name of this host, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log it, where the base class would print; a scraper that hung up is not worth a line."""
        if not isinstance(sys.exception(), ConnectionError):
            log.exception("management_request_failed", client=client_address[0])


class _Handler(BaseHTTPRequestHandler):
    metrics: CollectorRegistry
    probes: dict[str, Probe]
    protocol_version = "HTTP/1.1"
    sys_version = ""
    timeout = 30  # seconds until an idle connection is closed; a scraper opens another

    def do_GET(self) -> None:
        """Respond to a probe or a scrape."""
        url = urlsplit(self.path)
        if url.path == "/metrics":
            self._respond_metrics(parse_qs(url.query).get("name[]", []))
        elif url.path in self.probes:
            self._respond_probe(url.path, self.probes[url.path])
        else:
            self._respond(404, "application/json", b'{"error":"not found; try /metrics, /livez or /readyz"}')

    do_HEAD = do_GET  # noqa: N815 the name that the base class looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 named by the base class
        """Log nothing: a probe or a scrape every few seconds would hide everything else."""

    def _respond_probe(self, name: str, probe: Probe) -> None:
        health = examine(name, probe)
        body = json.dumps({"ok": health.ok, "reason": health.reason}).encode()
        self._respond(200 if health.ok else 503, "application/json", body)

    def _respond_metrics(self, names: list[str]) -> None:
        encoder, content_type = choose_encoder(self.headers.get("Accept", ""))
        chosen = self.metrics.restricted_registry(names) if names else self.metrics
        self._respond(200, content_type, encoder(chosen))

    def _respond(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
