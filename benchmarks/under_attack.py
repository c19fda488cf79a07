"""The good requests of the web API while others attack it: ``python -m benchmarks.under_attack [NAME…] [--seconds N]``.

500 requests a second from 50 connections, first alone, then beside each of `attacks`. Their 99th percentile stays below
five times that of the quiet server, the memory of the service below 200 MB, and every one of them is stored. The
service is open to anyone, so that attackers get as far as can be; but for the attack by keys that nobody has.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import psutil
import uvloop
from benchmarks.attacks import ATTACKS
from benchmarks.produce_authenticated import KEY, with_header
from benchmarks.produce_http import prepare, requests, start_api

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry

RATE = 500
CONNECTIONS = 50
MAX_RATIO = 5.0
MAX_MEGABYTES = 200


@dataclass
class Good:
    """Outcomes of the good requests, and the memory that the service took meanwhile."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    megabytes: float = 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


async def _client(port: int, number: int, bodies: list[bytes], until: float, good: Good) -> None:
    """A request every tenth of a second on one connection, from which its time counts however late it is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.monotonic() + number / RATE
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.write(bodies[number % len(bodies)])
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        good.seconds.append(time.monotonic() - due)
        good.statuses[head[9:12].decode()] += 1
        due += CONNECTIONS / RATE
        number += CONNECTIONS
    writer.close()


@dataclass(frozen=True)
class Api:
    """A running service, and the good requests for it."""

    port: int
    pid: int
    bodies: list[bytes]


async def _run(api: Api, seconds: float) -> Good:
    good, service, until = Good(), psutil.Process(api.pid), time.monotonic() + seconds

    async def watch() -> None:
        while True:
            good.megabytes = max(good.megabytes, service.memory_info().rss / 1e6)
            await asyncio.sleep(0.25)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(_client(api.port, number, api.bodies, until, good) for number in range(CONNECTIONS)))
    watching.cancel()
    return good


def measure(api: Api, seconds: float, attack: str | None = None) -> tuple[Good, dict[str, int]]:
    """The good requests, and the statuses that the attackers got."""
    if attack is None:
        return uvloop.run(_run(api, seconds)), {}
    command = [sys.executable, "-m", "benchmarks.attacks", attack, str(api.port), str(seconds + 4)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as attackers:
        time.sleep(3)  # all of them are connected
        good = uvloop.run(_run(api, seconds))
        printed, _ = attackers.communicate(timeout=60)
    return good, json.loads(printed or "{}")


def main() -> int:
    """Print a line for each attack; exit code 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", default=list(ATTACKS), metavar="NAME", help=", ".join(ATTACKS))
    parser.add_argument("--seconds", type=float, default=15.0, help="of each")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = stack.enter_context(EmbeddedKafka(log_dir=logs))
        registry = stack.enter_context(EmbeddedRegistry(log_dir=logs))
        prepare(kafka, registry)
        keys = logs / "api-keys"
        keys.write_text(f"benchmark sha256:{sha256(KEY.encode()).hexdigest()}")

        def start(name: str, bodies: list[bytes], **settings: str) -> Api:
            port, api = start_api(stack, kafka, registry, logs / f"{name}.log", **settings)
            return Api(port, api.pid, bodies)

        keyed = with_header(requests(), f"X-API-Key: {KEY}")
        return compare(
            start("open", requests()),
            start("keyed", keyed, HEARTZONE_AUTH_API_KEYS_FILE=str(keys)),
            arguments,
        )


def compare(anyone: Api, with_keys: Api, arguments: argparse.Namespace) -> int:
    """Each attack beside the quiet server just before it."""
    for api in (anyone, with_keys):
        measure(api, 5)  # the broker's JIT compiler
    kept = True
    columns = f"{'quiet p99 ms':>12} {'p50 ms':>8} {'p99 ms':>8} {'ratio':>6} {'MB':>6}"
    print(f"{'attack':18} {columns}  statuses of the good, of the attackers")
    for attack in arguments.attacks:
        api = with_keys if attack == "unknown-keys" else anyone
        quiet, _ = measure(api, arguments.seconds)
        good, statuses = measure(api, arguments.seconds, attack)
        ratio = good.percentile(0.99) / quiet.percentile(0.99)
        kept &= ratio < MAX_RATIO and good.megabytes < MAX_MEGABYTES and set(good.statuses) == {"202"}
        print(
            f"{attack:18} {quiet.percentile(0.99) * 1e3:12.1f} {good.percentile(0.5) * 1e3:8.1f}"
            f" {good.percentile(0.99) * 1e3:8.1f} {ratio:6.2f} {good.megabytes:6.0f}  {dict(good.statuses)} {statuses}",
            flush=True,
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
