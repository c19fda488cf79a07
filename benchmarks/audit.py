"""`heartzone audit` against a consumer that reads the same topics and looks at nothing: records a second, and memory.

Right logs are written first: one input record to four zone events, with idempotency keys, of 10,000 devices. Both
readers are processes of their own, and take turns; the ratio is that of their best runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.child_processes import do_aside, peak_of
from confluent_kafka import Consumer, Producer, TopicPartition

from embedded_kafka import EmbeddedKafka
from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached, encode
from heartzone.wire import IDEMPOTENCY_KEY_HEADER, frame_prefix
from heartzone.zones import zone_of
from heartzone_testing.brokers.testbed import Testbed

EVENTS = 4  # of each input record
DEVICES = 10_000
RATES = (110, 130, 150, 190)
MAXIMUM = 200
GROUP = "bench-audit"


def fill(connection: dict[str, str], source: str, target: str, *, inputs: int, partitions: int, rate: int) -> None:
    """Write both topics as the web API and the worker would, `rate` records a second by their timestamps."""
    kafka = Testbed(connection)
    start = int(time.time() * 1000) - inputs * 1000 // rate
    devices = [str(uuid.UUID(int=number)) for number in range(DEVICES)]
    prefix = frame_prefix(1)
    run = uuid.uuid4().hex[:24]
    # Idempotent: otherwise a retry may put a batch behind the next one, which is a finding.
    settings = {"enable.idempotence": True, "linger.ms": 20, "queue.buffering.max.kbytes": 32 * 1024}
    with Producer({**kafka.connection, **settings}) as producer:

        def write(send: Callable[[], None]) -> None:
            while True:
                try:
                    send()
                    return
                except BufferError:
                    producer.poll(0.1)

        for number in range(inputs):
            device = devices[number % DEVICES]
            moment = f"2026-01-01T00:00:00.{number:09}Z"
            message = Biometrics(device, [HeartRate(moment, value) for value in RATES], MAXIMUM)
            key, timestamp = device.encode(), start + number * 1000 // rate
            partition = number % DEVICES % partitions
            headers: list[tuple[str, str | bytes | None]] = [(IDEMPOTENCY_KEY_HEADER, f"{run}-{number:x}".encode())]
            value = prefix + encode(message)
            write(lambda: producer.produce(source, value, key, partition, timestamp=timestamp, headers=headers))  # noqa: B023
            for each in RATES:
                event = HeartRateZoneReached(device, int(zone_of(each, MAXIMUM)), moment, each, MAXIMUM)
                payload = prefix + encode(event)
                write(lambda: producer.produce(target, payload, key, partition, timestamp=timestamp))  # noqa: B023
            producer.poll(0)
    for partition in range(partitions):
        kafka.set_group_offset(GROUP, source, kafka.end_offset(source, partition), partition=partition)


def plain_read(bootstrap: str, partitions: int, topics: list[str]) -> None:
    """Read every record of the topics, committed ones, and do nothing with them."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "plain", "enable.auto.commit": False})
    every = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    left = sum(consumer.get_watermark_offsets(each, timeout=30)[1] for each in every)
    consumer.assign([TopicPartition(each.topic, each.partition, 0) for each in every])
    while left:
        left -= sum(message.error() is None for message in consumer.consume(10_000, 0.1))
    consumer.close()


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds that a process takes, and the megabytes that are resident at most."""
    began = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment})
    peak = peak_of(process)
    return time.monotonic() - began, peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="of both topics together")
    parser.add_argument("--partitions", type=int, default=6)
    parser.add_argument("--rate", type=int, default=2_000, help="input records a second, by their timestamps")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--plain", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.plain:
        bootstrap, *topics = arguments.plain
        plain_read(bootstrap, arguments.partitions, topics)
        return 0
    inputs = arguments.records // (1 + EVENTS)
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(log_dir=Path(folder)) as cluster:
        kafka = Testbed(cluster.client_config())
        source, target, letters = kafka.create_topics("in", "out", "dlq", partitions=arguments.partitions)
        many = {"inputs": inputs, "partitions": arguments.partitions, "rate": arguments.rate}
        do_aside(fill, cluster.client_config(), source, target, **many)
        environment = {
            "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers,
            "HEARTZONE_TOPIC_BIOMETRICS": source,
            "HEARTZONE_TOPIC_ZONES": target,
            "HEARTZONE_TOPIC_DEAD_LETTERS": letters,
            "HEARTZONE_GROUP_ID": GROUP,
        }
        plain = [sys.executable, "-m", "benchmarks.audit", "--partitions", str(arguments.partitions)]
        plain += ["--plain", cluster.bootstrap_servers, source, target]
        audit = [sys.executable, "-m", "heartzone_cli", "audit"]
        runs = [(measured(plain, {}), measured(audit, environment)) for _ in range(arguments.runs)]
    plain_s, audit_s = (min(each[side][0] for each in runs) for side in (0, 1))
    memory = max(each[1][1] for each in runs)
    records = inputs * (1 + EVENTS)
    print(f"{records} records in {arguments.partitions} partitions, with the start of each process:")
    print(f"a plain consumer reads {records / plain_s:,.0f} a second, the audit {records / audit_s:,.0f}")
    print(f"ratio {plain_s / audit_s:.2f}, resident memory of the audit at most {memory:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
