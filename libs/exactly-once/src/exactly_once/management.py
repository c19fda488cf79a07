"""A management port for a worker: ``/metrics``, ``/livez`` and ``/readyz``.

It needs ``heartzone-exactly-once[prometheus]``.

    with serve(worker, port=9090):
        worker.run()

Threaded, so that a long scrape does not keep a probe waiting, and apart from the worker's loop: the probe shows whether
that loop makes progress.
"""

import json
import logging
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from types import TracebackType
from typing import Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app

from exactly_once.health import Health, Supervised, liveness, readiness

log = logging.getLogger(__name__)


class ManagementPort:
    """A port that is listened on until ``close``; ``port`` is its number."""

    def __init__(self, application: WSGIApplication, host: str, port: int) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            raise OSError(error.errno, f"management port {port} cannot be listened on: {error.strerror}") from error
        self.port: int = self._server.server_address[1]
        self._server.set_app(application)
        Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.25}, name="management", daemon=True
        ).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def serve(
    worker: Supervised,
    *,
    port: int = 9090,
    host: str = "0.0.0.0",  # noqa: S104 probes and scrapes come from other hosts
    registry: CollectorRegistry = REGISTRY,
) -> ManagementPort:
    """Listen on a port, on a thread of its own, and respond to probes of this worker and scrapes of this registry.

    Port 0 takes a free one. Close what is returned, or leave it to the end of the process.

    Raises:
        OSError: the port is taken; the text names it.
    """
    return ManagementPort(management_app(worker, registry), host, port)


def management_app(worker: Supervised, registry: CollectorRegistry = REGISTRY) -> WSGIApplication:
    """The same as a WSGI application, for a server that is there already."""
    metrics: WSGIApplication = make_wsgi_app(registry)
    probes: dict[str, Callable[[Supervised], Health]] = {"/livez": liveness, "/readyz": readiness}

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path in probes:
            health = probes[path](worker)
            body = json.dumps({"ok": health.ok, "reason": health.reason}).encode()
            status = "200 OK" if health.ok else "503 Service Unavailable"
        else:
            status, body = "404 Not Found", b'{"error":"not found; try /metrics, /livez or /readyz"}'
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return application


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # The default of 5 drops connections when several probes and scrapes come at once.
    request_queue_size = 64

    def server_bind(self) -> None:
        """Like the base class, but without asking the DNS for the name of this host, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log it, where the base class would print."""
        log.warning("management_request_failed", exc_info=True)


class _Handler(WSGIRequestHandler):
    timeout = 30  # seconds until an idle connection is closed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 named by the base class
        """Log nothing: a probe or a scrape every few seconds would hide everything else."""
