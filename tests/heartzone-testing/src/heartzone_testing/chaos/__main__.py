"""``make chaos``: campaign after campaign, until enough has happened, with everything written to one file.

Each campaign has a broker of its own, a seed, and one of the two protocols of consumer groups in turn. A run that is
ended, by its time or by Ctrl-C, goes on where it was when it is started again with the same file. The exit code is 1
when anything was found to be wrong.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import confluent_kafka

from embedded_kafka import EmbeddedKafka
from embedded_kafka.broker.distribution import kafka_jars
from heartzone_testing.brokers.frame_proxy import FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.campaign import BROKER, Campaign, Result
from heartzone_testing.chaos.schedule import Plan
from heartzone_testing.ports import free_port

PROTOCOLS = ("classic", "consumer")
CAMPAIGN_TIME = 1800.0  # seconds within which each has to be done


def main() -> int:
    """Run campaigns; return the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="start no campaign later (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="of the first campaign; each has the next one")
    parser.add_argument("--kills", type=int, default=300, help="enough of them (default: %(default)s)")
    parser.add_argument("--ambiguous-commits", type=int, default=100, help="enough of them (default: %(default)s)")
    parser.add_argument("--records", type=int, default=5_000_000, help="enough of them (default: %(default)s)")
    parser.add_argument("--file", type=Path, default=Path("chaos.json"), help="the results (default: %(default)s)")
    arguments = parser.parse_args()
    wanted = {name: getattr(arguments, name) for name in ("kills", "ambiguous_commits", "records")}
    campaigns = json.loads(arguments.file.read_text())["campaigns"] if arguments.file.exists() else []
    end = time.monotonic() + 60 * arguments.minutes
    while not _is_enough(campaigns, wanted) and time.monotonic() < end:
        result = _run(
            Plan(
                seed=arguments.seed + len(campaigns),
                protocol=PROTOCOLS[len(campaigns) % len(PROTOCOLS)],
                records=250_000,
                rate=4_000,
                kills=20,
                zombies=4,
                fences=2,
                ambiguous_commits=6,
            )
        )
        campaigns.append(result.as_json())
        arguments.file.write_text(json.dumps(_document(campaigns), indent=1) + "\n")
        sys.stdout.write(f"{_line(result)}\n")
        sys.stdout.flush()
    wrong = sum(len(each["findings"]) + len(each["problems"]) for each in campaigns)
    total = _total(campaigns)
    sys.stdout.write(f"{len(campaigns)} campaigns: {', '.join(f'{total[name]:,} {name}' for name in total)}; ")
    sys.stdout.write(f"{wrong} wrong; {arguments.file}\n")
    if not _is_enough(campaigns, wanted):
        sys.stdout.write("Not enough yet: start it again to go on.\n")
    return 1 if wrong else 0


def _run(plan: Plan) -> Result:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, FrameProxy(port) as proxy:
        properties = {**BROKER, "advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        with EmbeddedKafka(port=port, broker_properties=properties, log_dir=Path(folder)):
            kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
            return Campaign(plan, kafka, proxy, Path(folder)).run(within=CAMPAIGN_TIME)


def _total(campaigns: list[dict[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in campaigns:
        total.update(each["counts"])
    return total


def _is_enough(campaigns: list[dict[str, Any]], wanted: dict[str, int]) -> bool:
    total = _total(campaigns)
    return all(total[name] >= enough for name, enough in wanted.items())


def _line(result: Result) -> str:
    plan = result.plan
    counts = ", ".join(f"{count} {name}" for name, count in result.counts.items())
    wrong = [str(each) for each in (*result.findings, *result.problems)]
    told = "".join(f"\n  {each}" for each in wrong[:20])
    return f"seed {plan.seed}, {plan.protocol}: {counts}, {result.seconds:.0f} s: {len(wrong)} wrong{told}"


def _document(campaigns: list[dict[str, Any]]) -> dict[str, Any]:
    [broker] = [each.stem for each in kafka_jars() if each.name.startswith("kafka-clients-")]
    return {
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "broker": broker.removeprefix("kafka-clients-"),
            "librdkafka": confluent_kafka.libversion()[0],
            "confluent-kafka": version("confluent-kafka"),
            "python": platform.python_version(),
        },
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "total": dict(_total(campaigns)),
        "campaigns": campaigns,
    }


if __name__ == "__main__":
    sys.exit(main())
