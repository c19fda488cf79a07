"""The services as processes on a test's broker and registry, started as a container starts them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from heartzone_local import endpoints
from heartzone_local.endpoints import Endpoints, Metrics

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 60


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any HEARTZONE_ variable but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTZONE_")}
    return inherited | settings


def command(*arguments: str | Path) -> list[str]:
    """The command line of the `heartzone` command."""
    return [sys.executable, "-m", "heartzone_local", *map(str, arguments)]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def service(module: str, settings: dict[str, str], log: Path) -> Iterator[str]:
    """Run a service while the block lasts; yield the URL of its management port once it is ready."""
    management = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment(**settings, HEARTZONE_MANAGEMENT_PORT=str(management)),
            stdout=output,
            stderr=output,
        )
        try:
            url = f"http://127.0.0.1:{management}"
            _await_ready(process, url, log)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


@contextmanager
def pipeline(*, kafka: str, registry: str, folder: Path, workers: int = 2) -> Iterator[Endpoints]:
    """Topics applied, one web API and some zone workers; `folder/.heartzone/endpoints.json` names them."""
    settings = {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": kafka, "HEARTZONE_SCHEMA_REGISTRY_URL": registry}
    subprocess.run(
        command("topics", "apply", "--dir", ROOT / "schemas" / "topics"),
        env=environment(**settings),
        check=True,
        timeout=60,
    )
    http = free_port()
    data_dir = folder / endpoints.DEFAULT_DATA_DIR
    data_dir.mkdir()
    with ExitStack() as stack:
        api = stack.enter_context(
            service("heartzone_producer", settings | {"HEARTZONE_HTTP_PORT": str(http)}, folder / "producer.log")
        )
        managements: Sequence[str] = [
            stack.enter_context(
                service(
                    "heartzone_zone_worker",
                    settings | {"HEARTZONE_TRANSACTIONAL_ID": f"zone-worker-{number}"},
                    folder / f"zone-worker-{number}.log",
                )
            )
            for number in range(workers)
        ]
        running = Endpoints(f"http://127.0.0.1:{http}", kafka, registry, Metrics(api, tuple(managements)))
        endpoints.write(data_dir, running)
        yield running


def _await_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with {process.returncode}:\n{log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"not ready within {READY_TIMEOUT_S} s:\n{log.read_text()[-2000:]}")
