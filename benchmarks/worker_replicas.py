"""Throughput of as many replicas of the worker as this machine has cores, against Kafka Streams with as many threads.

The broker is on the same cores. Measured from outside, by the offsets that the group has committed, between a fifth of
the input and all of it, so that neither a start nor the compiler of a JVM that has just begun is in it.
``python -m benchmarks.worker_replicas [--runs N] [--messages N]``
"""

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.results_file import keep
from benchmarks.worker_contestants import ZONE_WORKER
from benchmarks.worker_input import PARTITIONS, create_topics, fill
from benchmarks.worker_runs import STREAMS_TUNED, Runs
from confluent_kafka import Consumer, TopicPartition

from embedded_kafka import EmbeddedKafka

REPLICAS = os.cpu_count() or 1
RUNS = 3
MESSAGES = 600_000
CONTESTANTS = (ZONE_WORKER, STREAMS_TUNED)
POLL_INTERVAL_S = 0.1


def committed(bootstrap: str, group: str, topic: str) -> int:
    """Records that the group has committed."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        return sum(max(0, each.offset) for each in consumer.committed(partitions, timeout=10))
    finally:
        consumer.close()


def rate(runs: Runs, name: str, bootstrap: str, topic: str, messages: int) -> float:
    """Messages a second of all replicas together."""
    with runs.working(name, REPLICAS) as group:
        while (first := committed(bootstrap, group, topic)) < messages / 5:
            time.sleep(POLL_INTERVAL_S)
        began = time.monotonic()
        while committed(bootstrap, group, topic) < messages:
            time.sleep(POLL_INTERVAL_S)
        return (messages - first) / (time.monotonic() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    options, _ = parser.parse_known_args()
    began = datetime.now(UTC)
    rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka() as kafka:
        bootstrap = kafka.bootstrap_servers
        topics = create_topics(bootstrap, "bench")
        fill(bootstrap, topics[0], options.messages)
        runs = Runs(Path(folder), bootstrap, topics)
        for _ in range(options.runs):
            for name, measured in rates.items():
                measured.append(rate(runs, name, bootstrap, topics[0], options.messages))
    print(f"worker throughput, {REPLICAS} replicas or threads on as many cores, medians of {options.runs} runs")
    for name, measured in rates.items():
        print(f"  {name:40}{median(measured):>11,.0f} messages/s ({min(measured):,.0f} to {max(measured):,.0f})")
    ratio = median(rates[ZONE_WORKER]) / median(rates[STREAMS_TUNED])
    print(f"  {ZONE_WORKER} ÷ {STREAMS_TUNED:27}{ratio:>11.2f} (floor 1.0)")
    keep("worker_replicas", began, {"replicas": REPLICAS, "messages": options.messages, "messages_per_second": rates})


if __name__ == "__main__":
    main()
