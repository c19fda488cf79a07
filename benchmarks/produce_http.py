"""Acknowledged POST /biometrics a second, one process, as a ratio to a bare Starlette echo of the same requests.

Both run at once under uvicorn with uvloop and httptools, each loaded in turn by the same generator, several times; the
ratio of each pair is printed, and the median of all. Only 202 counts, so only what the broker has acknowledged.
"""

import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.http_load import Load, load, post
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from embedded_kafka.processes import ChildProcess
from heartzone.messages import Biometrics, json_schema

PARTITIONS = 12
READINGS = 4
DEVICES = 1024
FLOOR = 0.4


def requests() -> list[bytes]:
    """One request a device, of the size that a wearable sends every few seconds."""
    return [post("/biometrics", _body(f"{number:08x}-5717-4562-b3fc-2c963f66afa6")) for number in range(DEVICES)]


def _body(device: str) -> bytes:
    readings = [{"dateTime": f"2022-12-02T13:5{index}:00.000Z", "value": 90 + 20 * index} for index in range(READINGS)]
    message = {"deviceId": device, "heartRates": readings, "maxHeartRate": 200}
    return json.dumps(message, separators=(",", ":")).encode()


def prepare(kafka: EmbeddedKafka, registry: EmbeddedRegistry) -> None:
    topics = [NewTopic(name, PARTITIONS, 1) for name in ("BiometricsImported", "RawBiometricsImported")]
    admin = AdminClient({**kafka.client_config()})
    for future in admin.create_topics(topics).values():
        future.result()
    with SchemaRegistryClient(registry.client_config()) as client:
        client.register_schema("BiometricsImported-value", Schema(json.dumps(json_schema(Biometrics)), "JSON"))


@contextmanager
def process(argv: Sequence[str], log: Path, environment: dict[str, str], ready: str) -> Iterator[ChildProcess]:
    running = ChildProcess.start([sys.executable, *argv], log_file=log, env=environment)
    try:
        deadline = time.monotonic() + 30
        while not _answers(ready):
            if running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(argv)} did not start:\n{running.tail()}")
            time.sleep(0.05)
        yield running
    finally:
        running.terminate(20)


def start_api(
    stack: ExitStack, kafka: EmbeddedKafka, registry: EmbeddedRegistry, log: Path, **settings: str
) -> tuple[int, ChildProcess]:
    """The web API until the stack is left, with these settings beside those that it needs; its port, and it."""
    port, management_port = free_ports(2)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "HEARTZONE_SCHEMA_REGISTRY_URL": registry.url,
        "HEARTZONE_HTTP_PORT": str(port),
        "HEARTZONE_MANAGEMENT_PORT": str(management_port),
        **settings,
    }
    ready = f"http://127.0.0.1:{management_port}/readyz"
    return port, stack.enter_context(process(["-m", "heartzone_producer"], log, environment, ready))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.request.HTTPError as error:
        return error.code != 503
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run")
    parser.add_argument("--connections", type=int, default=256)
    arguments = parser.parse_args()
    (echo_port,) = free_ports(1)
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = stack.enter_context(EmbeddedKafka(log_dir=logs))
        registry = stack.enter_context(EmbeddedRegistry(log_dir=logs))
        prepare(kafka, registry)
        echo = ["-m", "uvicorn", "bare_echo:app", "--app-dir", str(Path(__file__).parent)]
        echo += ["--port", str(echo_port), "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
        stack.enter_context(
            process(echo, logs / "echo.log", {"PATH": "/usr/bin:/bin"}, f"http://127.0.0.1:{echo_port}/")
        )
        api_port, _ = start_api(stack, kafka, registry, logs / "api.log")
        return compare(echo_port, api_port, arguments)


def compare(echo_port: int, api_port: int, arguments: argparse.Namespace) -> int:
    bodies = requests()

    def run(port: int, seconds: float) -> Load:
        return load(port, bodies, connections=arguments.connections, seconds=seconds, wanted=202)

    # The broker's JIT compiler needs some seconds until it is as fast as it will be.
    run(echo_port, 1)
    run(api_port, 2 * arguments.seconds)
    pairs: list[tuple[Load, Load]] = []
    print(f"{'echo/s':>10} {'stored/s':>10} {'ratio':>7} {'p50 ms':>8} {'p99 ms':>8} {'others':>8}")
    for _ in range(arguments.runs):
        echo, api = run(echo_port, arguments.seconds), run(api_port, arguments.seconds)
        pairs.append((echo, api))
        print(
            f"{echo.rate:10.0f} {api.rate:10.0f} {api.rate / echo.rate:7.3f} {api.percentile(0.5) * 1e3:8.1f}"
            f" {api.percentile(0.99) * 1e3:8.1f} {api.others:8d}",
            flush=True,
        )
    ratio = statistics.median(api.rate / echo.rate for echo, api in pairs)
    print(
        f"median of {len(pairs)}: {statistics.median(api.rate for _, api in pairs):.0f} stored/s,"
        f" {statistics.median(echo.rate for echo, _ in pairs):.0f} echoed/s, ratio {ratio:.3f} (floor {FLOOR})"
    )
    return 0 if ratio >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
