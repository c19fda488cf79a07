"""The web API as a process of its own, started as a container starts it, and asked over HTTP."""

import http.client
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_kafka.processes import ChildProcess
from heartzone_testing.programs import environment
from heartzone_testing.testbed import eventually

COURSE_REQUEST = json.dumps(
    {
        "deviceId": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "heartRates": [
            {"dateTime": f"2022-12-02T13:5{minute}:00.000Z", "value": value}
            for minute, value in enumerate(range(90, 200, 20))
        ],
        "maxHeartRate": 200,
    },
    separators=(",", ":"),
).encode()


@dataclass
class Answer:
    """Status, headers in lower case, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebApiProcess:
    """A running web API; its ports are read from its log."""

    def __init__(self, process: ChildProcess) -> None:
        self.process = process

    def wait_until_listening(self) -> None:
        eventually(lambda: self._ports() is not None or self.process.poll() is not None, "the API to listen", 20)
        assert self.process.poll() is None, self.process.tail(30)

    def wait_until_ready(self) -> None:
        eventually(lambda: self.management("/readyz").status == 200, "the API to be ready", 30)

    def post(self, body: bytes, path: str = "/biometrics", content_type: str = "application/json") -> Answer:
        return _ask(self.ports[0], "POST", path, body, {"Content-Type": content_type})

    def management(self, path: str) -> Answer:
        return _ask(self.ports[1], "GET", path, None, {})

    @property
    def ports(self) -> tuple[int, int]:
        """The ports of the API and of its management."""
        ports = self._ports()
        assert ports is not None, self.process.tail(30)
        return ports

    def log(self) -> str:
        return self.process.log_file.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of an event."""
        return [event for line in self.log().splitlines() if (event := json.loads(line)).get("event") == name]

    def _ports(self) -> tuple[int, int] | None:
        log = self.log()
        api, management = (re.search(rf'"{name}": (\d+)', log) for name in ("port", "management_port"))
        return (int(api[1]), int(management[1])) if api and management else None


def _ask(port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


@contextmanager
def web_api(folder: Path, settings: Mapping[str, str]) -> Iterator[WebApiProcess]:
    """Run a web API on free ports while the block lasts."""
    defaults = {"HEARTZONE_HTTP_PORT": "0", "HEARTZONE_MANAGEMENT_PORT": "0", "HEARTZONE_LOG_FORMAT": "json"}
    process = ChildProcess.start(
        [sys.executable, "-m", "heartzone_producer"],
        log_file=folder / "producer.log",
        env=environment(**{**defaults, **settings}),
    )
    api = WebApiProcess(process)
    try:
        api.wait_until_listening()
        yield api
    finally:
        process.terminate(20)
