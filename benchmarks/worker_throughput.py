"""Worker throughput, one process, as ratios against peers on the same broker and the same input.

The input is Biometrics of about 380 bytes with six readings, five of them in a zone, each record with an idempotency
key, over six partitions. Runs of the
contestants alternate, so that a machine that drifts drifts for all; the medians are compared.
"""

import json
import subprocess
import sys
import uuid
from statistics import median

from benchmarks.worker_contestants import CONTESTANTS
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import EmbeddedKafka
from heartzone.messages import Biometrics, HeartRate, encode
from heartzone.wire import IDEMPOTENCY_KEY_HEADER, frame_prefix

RUNS = 5
MESSAGES = 300_000
MESSAGES_ONE_BY_ONE = 300
PARTITIONS = 6
OURS, WITHOUT_WINDOW, COPY, ONE_BY_ONE = CONTESTANTS


def fill(bootstrap: str, topic: str, messages: int = MESSAGES, *, schema_id: int = 1) -> None:
    """Write the input, spread over devices."""
    readings = [HeartRate(f"2022-12-02T13:50:{second:02}.000Z", 90 + 20 * second) for second in range(6)]
    devices = [str(uuid.UUID(int=number)) for number in range(1_000)]
    values = [frame_prefix(schema_id) + encode(Biometrics(device, readings, 200)) for device in devices]
    with Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "compression.type": "lz4"}) as producer:
        for number in range(messages):
            device = number % len(devices)
            while True:
                try:
                    key = (IDEMPOTENCY_KEY_HEADER, b"4bf92f3577b34da6a3ce929d-%x" % number)
                    producer.produce(topic, values[device], devices[device], headers=[key])
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(60) == 0


def rate(name: str, topics: list[str], messages: int) -> float:
    """Messages a second of one run in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.worker_contestants", name, *topics, str(messages)]
    outcome = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    return float(outcome["messages"] / outcome["seconds"])


def main() -> None:
    with EmbeddedKafka() as kafka:
        bootstrap = kafka.bootstrap_servers
        names = ["bench.in", "bench.out", "bench.dlq"]
        # Outputs are read by nobody: keep little of them, so that the disk is not what is measured.
        config = {"retention.bytes": str(256 * 1024 * 1024), "segment.bytes": str(64 * 1024 * 1024)}
        new = [NewTopic(name, PARTITIONS, 1, config=config if name == "bench.out" else {}) for name in names]
        admin = AdminClient({"bootstrap.servers": bootstrap})
        for future in admin.create_topics(new).values():
            future.result()
        fill(bootstrap, names[0])
        topics = [bootstrap, *names]
        rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        for _ in range(RUNS):
            for name, measured in rates.items():
                measured.append(rate(name, topics, MESSAGES_ONE_BY_ONE if name == ONE_BY_ONE else MESSAGES))
    print(f"worker throughput, messages/s, medians of {RUNS} runs (least to most)")
    for name, measured in rates.items():
        print(f"  {name:42} {median(measured):>10,.0f}   ({min(measured):,.0f} to {max(measured):,.0f})")
    ours = median(rates[OURS])
    print(f"  against {WITHOUT_WINDOW:34} {ours / median(rates[WITHOUT_WINDOW]):>10.2f}")
    print(f"  against {COPY:34} {ours / median(rates[COPY]):>10.2f}   (floor 0.4)")
    print(f"  against {ONE_BY_ONE:34} {ours / median(rates[ONE_BY_ONE]):>10,.0f}   (floor 200)")


if __name__ == "__main__":
    main()
