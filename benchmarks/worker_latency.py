"""Latency of the worker at 500 messages a second, against Kafka Streams: from append to visible.

From the broker's clock when it appended a message to the moment at which a reader of committed records has the last
event of it, by the clock of the same machine. Contestants take turns; what the first seconds give is left out.
``python -m benchmarks.worker_latency [--runs N] [--seconds N]``
"""

import argparse
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from benchmarks.results_file import keep
from benchmarks.worker_contestants import ZONE_WORKER
from benchmarks.worker_input import PARTITIONS, create_topics, value_of
from benchmarks.worker_runs import STREAMS, STREAMS_TUNED, Runs
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

from embedded_kafka import EmbeddedKafka

RUNS = 3
SECONDS = 20.0
WARM_UP_S = 10.0
RATE = 500
CONTESTANTS = (ZONE_WORKER, STREAMS, STREAMS_TUNED)


def write(bootstrap: str, topic: str, seconds: float) -> int:
    """Write messages at an even pace, each of a device of its own; returns their number."""
    total = int(seconds * RATE)
    with Producer({"bootstrap.servers": bootstrap, "linger.ms": 0}) as producer:
        began = time.monotonic()
        for number in range(total):
            device = str(uuid.uuid4())
            producer.produce(topic, value_of(device), device)
            producer.poll(max(0.0, began + (number + 1) / RATE - time.monotonic()))
    return total


class Reader(threading.Thread):
    """Notes when each message was appended, and when its last event so far was visible."""

    def __init__(self, bootstrap: str, source: str, output: str) -> None:
        super().__init__()
        self.appended: dict[bytes, float] = {}
        self.visible: dict[bytes, float] = {}
        self._source = source
        self._stopping = threading.Event()
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "fetch.wait.max.ms": 50})
        self._consumer.assign(
            [TopicPartition(topic, number, OFFSET_END) for topic in (source, output) for number in range(PARTITIONS)]
        )
        self._consumer.poll(1)

    def run(self) -> None:
        while not self._stopping.is_set():
            for message in self._consumer.consume(100, 0.001):
                key = message.key()
                if message.error() is not None or key is None:
                    continue
                if message.topic() == self._source:
                    self.appended[key] = message.timestamp()[1] / 1000
                else:
                    self.visible[key] = time.time()
        self._consumer.close()

    def stop(self) -> None:
        """End the thread once everything has arrived."""
        deadline = time.monotonic() + 30
        while len(self.visible) < len(self.appended) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        self._stopping.set()
        self.join()


def latencies(runs: Runs, name: str, bootstrap: str, topics: list[str], seconds: float) -> list[float]:
    """Milliseconds from append to visible, of the messages after the warm-up."""
    source, output, _ = topics
    with runs.working(name):
        reader = Reader(bootstrap, source, output)
        reader.start()
        write(bootstrap, source, WARM_UP_S)
        began = time.time()
        total = write(bootstrap, source, seconds)
        reader.stop()
    late = [(reader.visible[key] - at) * 1000 for key, at in reader.appended.items() if at > began]
    assert len(late) >= 0.99 * total, f"{total - len(late)} messages were never seen"
    return late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options, _ = parser.parse_known_args()
    began = datetime.now(UTC)
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka() as kafka:
        bootstrap = kafka.bootstrap_servers
        for run in range(options.runs):
            for number, (name, measured) in enumerate(figures.items()):
                config = {"message.timestamp.type": "LogAppendTime"}
                topics = create_topics(bootstrap, f"latency-{run}-{number}", input_config=config)
                runs = Runs(Path(folder), bootstrap, topics)
                cut = quantiles(latencies(runs, name, bootstrap, topics, options.seconds), n=100)
                measured.append({"p50_ms": cut[49], "p99_ms": cut[98]})
    print(f"append to visible at {RATE} messages/s, medians of {options.runs} runs")
    p50, p99 = (
        {name: median(each[quantile] for each in runs) for name, runs in figures.items()}
        for quantile in ("p50_ms", "p99_ms")
    )
    for name in CONTESTANTS:
        print(f"  {name:40} p50 {p50[name]:>6.1f} ms   p99 {p99[name]:>6.1f} ms")
    for peer in (STREAMS, STREAMS_TUNED):
        print(
            f"  {ZONE_WORKER} ÷ {peer:26} p50 {p50[ZONE_WORKER] / p50[peer]:>6.2f}      p99 "
            f"{p99[ZONE_WORKER] / p99[peer]:>6.2f} (at most 0.5)"
        )
    keep("worker_latency", began, {"messages_per_second": RATE, "latencies": figures})


if __name__ == "__main__":
    main()
