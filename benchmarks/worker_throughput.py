"""Worker throughput, one process, as ratios against peers on the same broker and the same input.

Runs of the contestants alternate, so that a machine that drifts drifts for all; the medians are compared. Processor
time is that of the process from its first message on, without the broker's and without the start of a JVM.
``python -m benchmarks.worker_throughput [--runs N] [--messages N] [--readings N]``
"""

import argparse
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.child_processes import do_aside
from benchmarks.results_file import keep
from benchmarks.worker_contestants import COPY, ONE_BY_ONE, WITHOUT_WINDOW, ZONE_WORKER, Outcome
from benchmarks.worker_input import READINGS, create_topics, fill
from benchmarks.worker_runs import STREAMS, STREAMS_TUNED, Runs

from embedded_kafka import EmbeddedKafka

CONTESTANTS = (ZONE_WORKER, STREAMS, WITHOUT_WINDOW, STREAMS_TUNED, COPY, ONE_BY_ONE)
RUNS = 3
MESSAGES = 600_000
MESSAGES_ONE_BY_ONE = 300
# Ratios of throughput and of processor time that the worker is held to, with and without its window; None where
# there is no such promise.
BOUNDS = {
    STREAMS: (1.4, 0.5),
    STREAMS_TUNED: (0.9, 0.7),
    COPY: (0.33, None),
    ONE_BY_ONE: (200, None),
}


def rate(outcome: Outcome) -> float:
    """Messages a second."""
    return outcome.messages / outcome.seconds


def cost(outcome: Outcome) -> float:
    """Seconds of processor for a million messages."""
    return outcome.cpu_seconds / outcome.messages * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--readings", type=int, default=READINGS, help="of a message, 60 at most")
    options, _ = parser.parse_known_args()
    began = datetime.now(UTC)
    measured: dict[str, list[tuple[Outcome, float]]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka() as kafka:
        topics = create_topics(kafka.bootstrap_servers, "bench")
        do_aside(fill, kafka.bootstrap_servers, topics[0], options.messages, readings=options.readings)
        runs = Runs(Path(folder), kafka.bootstrap_servers)
        for _ in range(options.runs):
            for name in CONTESTANTS:
                messages = MESSAGES_ONE_BY_ONE if name == ONE_BY_ONE else options.messages
                measured[name].append(runs.measure(name, topics, messages))
    report(measured)
    raw = {
        name: [{**asdict(outcome), "peak_mb": round(peak)} for outcome, peak in each] for name, each in measured.items()
    }
    if options.readings == READINGS:
        keep("worker_throughput", began, {"runs": raw})


def report(measured: dict[str, list[tuple[Outcome, float]]]) -> None:
    """Print medians, and the ratios of the worker's to those of its peers."""
    rates = {name: [rate(outcome) for outcome, _ in runs] for name, runs in measured.items()}
    costs = {name: median(cost(outcome) for outcome, _ in runs) for name, runs in measured.items()}
    peaks = {name: median(peak for _, peak in runs) for name, runs in measured.items()}
    print(f"worker throughput, medians of {len(measured[ZONE_WORKER])} runs")
    print(f"  {'':40}{'messages/s':>11}{'(least to most)':>20}{'CPU s/million':>15}{'peak MB':>9}")
    for name, values in rates.items():
        between = f"({min(values):,.0f} to {max(values):,.0f})"
        print(f"  {name:40}{median(values):>11,.0f}{between:>20}{costs[name]:>15.1f}{peaks[name]:>9.0f}")
    # The peers drop no duplicates: the worker without its window does what they do.
    for worker in (WITHOUT_WINDOW, ZONE_WORKER):
        print(f"  {worker} ÷ …")
        for name, (least, most) in BOUNDS.items():
            speed = median(rates[worker]) / median(rates[name])
            floor = "" if least is None else f"(floor {least:g})"
            ceiling = "" if most is None else f"(at most {most:g})"
            share = costs[worker] / costs[name]
            print(f"  {name:40}{speed:>11.2f}{floor:>20}{share:>15.2f} {ceiling}")


if __name__ == "__main__":
    main()
