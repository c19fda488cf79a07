"""``make chaos``: campaign after campaign, until enough has happened, with everything written to one file.

Each campaign has brokers of its own, one or three, a seed, and one of the two protocols of consumer groups in turn.
They wait more than they compute: two at once take little longer than one. A run that is ended, by its time or by
Ctrl-C, goes on where it was when it is started again with the same file. The exit code is 1 when anything was found to
be wrong.
"""

import argparse
import json
import multiprocessing
import os
import platform
import signal
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import confluent_kafka

from embedded_kafka.broker.distribution import kafka_jars
from heartzone_testing.chaos.campaign_process import run_campaign
from heartzone_testing.chaos.plans import plan_of
from heartzone_testing.chaos.result import Result
from heartzone_testing.chaos.services import ServicesPlan


def main() -> int:
    """Run campaigns; return the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="start no campaign later (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="of the first campaign; each has the next one")
    parser.add_argument("--kills", type=int, default=300, help="enough of them (default: %(default)s)")
    parser.add_argument("--ambiguous-commits", type=int, default=100, help="enough of them (default: %(default)s)")
    parser.add_argument("--records", type=int, default=5_000_000, help="enough of them (default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=1, help="so many campaigns (default: %(default)s)")
    parser.add_argument("--file", type=Path, default=Path("chaos.json"), help="the results (default: %(default)s)")
    parser.add_argument(
        "--logs",
        type=Path,
        default=Path("chaos-logs"),
        help="where logs of a campaign stay in which something was wrong (default: %(default)s)",
    )
    arguments = parser.parse_args()
    aims = {name: getattr(arguments, name) for name in ("kills", "ambiguous_commits", "records")}
    campaigns = json.loads(arguments.file.read_text())["campaigns"] if arguments.file.exists() else []
    end = time.monotonic() + 60 * arguments.minutes
    done = {each["plan"]["seed"] for each in campaigns}
    numbers = (each for each in count() if arguments.seed + each not in done)
    # Processes: Ctrl-C reaches each of them, and none waits for the interpreter of another.
    with ProcessPoolExecutor(arguments.at_once, multiprocessing.get_context("spawn")) as pool:
        running: set[Future[Result]] = set()
        while True:
            while len(running) < arguments.at_once and not _is_enough(campaigns, aims) and time.monotonic() < end:
                number = next(numbers)
                running.add(pool.submit(run_campaign, plan_of(number, arguments.seed + number), arguments.logs))
            if not running:
                break
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for each in ended:
                campaigns.append(each.result().as_json())
                sys.stdout.write(f"{_line(each.result())}\n")
            arguments.file.write_text(json.dumps(_document(campaigns, aims), indent=1) + "\n")
            sys.stdout.flush()
    wrong, total = _wrong(campaigns), _total(campaigns)
    sys.stdout.write(f"{len(campaigns)} campaigns: {', '.join(f'{total[name]:,} {name}' for name in total)}\n")
    for name, aim in aims.items():
        sys.stdout.write(f"{'reached' if total[name] >= aim else 'not yet'}: {total[name]:,} of {aim:,} {name}\n")
    sys.stdout.write(f"{wrong} wrong; {arguments.file}\n")
    if not _is_enough(campaigns, aims):
        sys.stdout.write("Not enough yet: start it again to go on.\n")
    return 1 if wrong else 0


def _wrong(campaigns: list[dict[str, Any]]) -> int:
    return sum(len(each["findings"]) + len(each["problems"]) for each in campaigns)


def _total(campaigns: list[dict[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in campaigns:
        total.update(each["counts"])
    return total


def _is_enough(campaigns: list[dict[str, Any]], aims: dict[str, int]) -> bool:
    total = _total(campaigns)
    return all(total[name] >= aim for name, aim in aims.items())


def _line(result: Result) -> str:
    plan = result.plan
    counts = ", ".join(f"{count} {name}" for name, count in result.counts.items())
    wrong = [str(each) for each in (*result.findings, *result.problems)]
    told = "".join(f"\n  {each}" for each in wrong[:20])
    what = f"{'services' if isinstance(plan, ServicesPlan) else 'workers'}, brokers: {plan.brokers}, {plan.protocol}"
    return f"seed {plan.seed}, {what}: {counts}, {result.seconds:.0f} s: {len(wrong)} wrong{told}"


def _document(campaigns: list[dict[str, Any]], aims: dict[str, int]) -> dict[str, Any]:
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
        "aims": aims,
        "reached": _is_enough(campaigns, aims),
        "total": dict(_total(campaigns)),
        "wrong": _wrong(campaigns),
        "campaigns": campaigns,
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
