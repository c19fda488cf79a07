"""Acknowledged POST /biometrics a second with a credential, an Idempotency-Key or both, as ratios to the same without.

All processes run at once on one broker, each loaded in turn by the same generator, several times; the ratio to the open
one is printed for each round, and the median of all. Only 202 counts. Rates of one process differ by a third from round
to round; so the same ratio of requests to the processor time of the API's process comes last, least of all rounds.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import psutil
from benchmarks.http_load import EACH_ITS_OWN, load
from benchmarks.produce_http import prepare, requests, start_api

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.services.token_issuer import AUDIENCE, TokenIssuer

FLOOR = 0.85  # of both keys together
KEY = "hz_benchmark"


def with_header(bodies: Sequence[bytes], header: str) -> list[bytes]:
    """The requests with one more header."""
    return [body.replace(b"\r\n", f"\r\n{header}\r\n".encode(), 1) for body in bodies]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run")
    parser.add_argument("--connections", type=int, default=256)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = stack.enter_context(EmbeddedKafka(log_dir=logs))
        registry = stack.enter_context(EmbeddedRegistry(log_dir=logs))
        issuer = stack.enter_context(TokenIssuer())
        prepare(kafka, registry)
        keys = logs / "api-keys"
        keys.write_text(f"benchmark sha256:{sha256(KEY.encode()).hexdigest()}")
        with_keys = {"HEARTZONE_AUTH_API_KEYS_FILE": str(keys)}
        with_tokens = {"HEARTZONE_AUTH_JWT_ISSUER": issuer.url, "HEARTZONE_AUTH_JWT_AUDIENCE": AUDIENCE}
        limits = {"HEARTZONE_RATE_LIMIT_ADDRESS": "9999999/hour", "HEARTZONE_RATE_LIMIT_PRINCIPAL": "9999999/hour"}
        key, token = f"X-API-Key: {KEY}", f"Authorization: Bearer {issuer.token(exp=2**31)}"
        own = f"Idempotency-Key: {EACH_ITS_OWN.decode()}"
        bodies = requests()
        contestants = {
            "open": ({}, bodies),
            "API key": (with_keys, with_header(bodies, key)),
            "idem. key": ({}, with_header(bodies, own)),
            "both": (with_keys, with_header(with_header(bodies, key), own)),
            "limits": ({**with_keys, **limits}, with_header(bodies, key)),
            "RS256": (with_tokens, with_header(bodies, token)),
        }
        ports, processes = {}, {}
        for name, (settings, _) in contestants.items():
            ports[name], started = start_api(stack, kafka, registry, logs / f"{name}.log", **settings)
            processes[name] = psutil.Process(started.pid)
        costs: dict[str, list[float]] = {name: [] for name in contestants}

        def rate(name: str, seconds: float) -> float:
            _, sent = contestants[name]
            before = sum(processes[name].cpu_times()[:2])
            loaded = load(ports[name], sent, connections=arguments.connections, seconds=seconds, wanted=202)
            costs[name].append((sum(processes[name].cpu_times()[:2]) - before) / loaded.responses)
            return loaded.rate

        for name in contestants:
            rate(name, arguments.seconds / 2)
            costs[name].clear()
        rounds: list[dict[str, float]] = []
        print(f"{'open/s':>10}" + "".join(f"{name:>10}" for name in contestants if name != "open"))
        for _ in range(arguments.runs):
            rates = {name: rate(name, arguments.seconds) for name in contestants}
            rounds.append({name: each / rates["open"] for name, each in rates.items() if name != "open"})
            print(f"{rates['open']:10.0f}" + "".join(f"{each:10.3f}" for each in rounds[-1].values()), flush=True)
        medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        print(f"{'median':>10}" + "".join(f"{each:10.3f}" for each in medians.values()))
        by_cost = (min(costs["open"]) / min(costs[name]) for name in medians)
        print(f"{'by time':>10}" + "".join(f"{each:10.3f}" for each in by_cost))
        return 0 if medians["both"] >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
