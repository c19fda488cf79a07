"""A service as a process of its own, started as a container starts it, and observed over HTTP and through its log."""

import http.client
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from embedded_kafka.processes import ChildProcess
from heartzone_testing.services.environment import environment
from heartzone_testing.services.response import Response
from heartzone_testing.waiting import eventually

STOP_TIMEOUT_S = 20
DEFAULTS = {"HEARTZONE_LOG_FORMAT": "json", "HEARTZONE_MANAGEMENT_PORT": "0"}
API_DEFAULTS = {"HEARTZONE_HTTP_PORT": "0"}


class ServiceProcess:
    """A running service; its ports are read from its log, which is JSON."""

    def __init__(self, process: ChildProcess) -> None:
        self.process = process

    @property
    def management_port(self) -> int | None:
        """The management port, once it listens."""
        return self._port("management_port")

    @property
    def http_port(self) -> int:
        """The port of the web API, which listens."""
        port = self._port("port")
        assert port is not None, self.process.tail(30)
        return port

    def get(self, path: str) -> Response:
        """Response of the management port."""
        port = self.management_port
        try:
            return Response(0) if port is None else _request(port, "GET", path)
        except OSError:
            return Response(0)

    def post(self, body: bytes, path: str = "/biometrics", content_type: str = "application/json") -> Response:
        """Response of the web API."""
        return _request(self.http_port, "POST", path, body, {"Content-Type": content_type})

    def wait_until_listening(self) -> None:
        """Return when the web API listens; fail when the process ends before."""
        eventually(lambda: self._port("port") or self.process.poll() is not None, "the web API to listen")
        assert self.process.poll() is None, self.process.tail(30)

    def wait_until_ready(self) -> None:
        """Return when the service is ready; fail when the process ends before."""
        eventually(
            lambda: self.process.poll() is not None or self.get("/readyz").status == 200, "the service to be ready"
        )
        assert self.process.poll() is None, self.process.tail(30)

    def samples(self, name: str, label: str | None = None) -> dict[str, float]:
        """The samples of a metric by the value of one label (or by '' without one)."""
        return {
            sample.labels[label] if label else "": sample.value
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
            if sample.name == name
        }

    def metric(self, name: str) -> float:
        """The sum of a metric's samples over all labels."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)

    def log(self) -> str:
        """Everything logged until now."""
        return self.process.log_file.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of an event."""
        return [event for line in self.log().splitlines() if (event := json.loads(line)).get("event") == name]

    def _port(self, field: str) -> int | None:
        found = re.search(rf'"{field}": (\d+)', self.log())
        return int(found[1]) if found else None


def start_service(name: str, folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> ServiceProcess:
    """Start `producer`, `zone-worker` or `operator` with these settings alone, on free ports; the caller ends it.

    `folder` gets a log file for each start.
    """
    defaults = DEFAULTS | (API_DEFAULTS if name == "producer" else {})
    started = len(list(folder.glob(f"{name}-*.log")))
    return ServiceProcess(
        ChildProcess.start(
            [sys.executable, "-m", f"heartzone_{name.replace('-', '_')}"],
            log_file=folder / f"{name}-{started + 1}.log",
            env=environment(**{**defaults, **settings}),
        )
    )


@contextmanager
def running_service(
    name: str, folder: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[ServiceProcess]:
    """Run a service while the block lasts; `start_service` says how."""
    service = start_service(name, folder, settings)
    try:
        yield service
    finally:
        service.process.terminate(STOP_TIMEOUT_S)


def _request(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, names, response.read())
    finally:
        connection.close()
