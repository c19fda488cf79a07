"""The window of keys by which a worker recognises duplicates: the memory it takes, and the time to read it again.

A topic is filled with records that each have a key, then a worker starts behind them: until it has processed the next
record it has read the whole window. Beside it the same records are read by a bare consumer that does nothing.
"""

import argparse
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from embedded_kafka import EmbeddedKafka
from exactly_once import Deduplication, Worker, WorkerConfig
from exactly_once.core.key_window import KeyWindow, fingerprint
from heartzone.wire import IDEMPOTENCY_KEY_HEADER
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.workers import copy_to
from heartzone_testing.waiting import eventually
from heartzone_zone_worker.record_headers import idempotency_key

WINDOW_S = 600.0


def fill(kafka: Testbed, topic: str, records: int, partitions: int) -> None:
    """Records as the web API writes them, spread over the window before now."""
    value, now = b"x" * 200, int(time.time() * 1000)
    prefix = uuid.uuid4().hex
    with Producer({**kafka.connection, "linger.ms": 50, "queue.buffering.max.kbytes": 64 * 1024}) as producer:
        for number in range(records):
            timestamp = now - int(WINDOW_S * 1000) + number * int(WINDOW_S * 1000) // records
            headers: list[tuple[str, str | bytes | None]] = [(IDEMPOTENCY_KEY_HEADER, f"{prefix}-{number:x}".encode())]
            key = str(uuid.UUID(int=number % 5000)).encode()
            while True:
                try:
                    producer.produce(topic, value, key, number % partitions, timestamp=timestamp, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)


def bytes_a_key(keys: int, partitions: int) -> float:
    """Resident memory that windows take, for each key."""
    windows = [KeyWindow(WINDOW_S) for _ in range(partitions)]
    before = resident()
    for number in range(keys):
        windows[number % partitions].add(fingerprint(b"%d" % number), number * int(WINDOW_S * 1000) // keys)
    return (resident() - before) / keys


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def bare_read(kafka: Testbed, topic: str, records: int, partitions: int) -> float:
    """Seconds in which a consumer reads them all and looks at none."""
    consumer = Consumer({**kafka.connection, "group.id": "bare", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    began, read = time.monotonic(), 0
    while read < records:
        read += len(consumer.consume(500, 1.0))
    seconds = time.monotonic() - began
    consumer.close()
    return seconds


def first_output(kafka: Testbed, source: str, records: int, partitions: int, key: bool) -> float:
    """Seconds from the start of a worker until it has processed one record of each partition behind the window."""
    [target] = kafka.create_topics("out")
    group = f"bench-{uuid.uuid4().hex[:8]}"
    for partition in range(partitions):
        kafka.set_group_offset(group, source, records // partitions, partition=partition)
    config = WorkerConfig(
        input_topics=[source],
        group_id=group,
        transactional_id=group,
        connection=kafka.connection,
        deduplication=Deduplication(key=idempotency_key, window=WINDOW_S) if key else None,
    )
    worker = Worker(config, copy_to(target), watchdog=None)
    thread = threading.Thread(target=worker.run)
    began = time.monotonic()
    thread.start()
    eventually(lambda: len(kafka.values(target)) >= partitions, "the records behind the window", 300, every=0.05)
    seconds = time.monotonic() - began
    worker.stop()
    thread.join()
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=6)
    arguments = parser.parse_args()
    records, partitions = arguments.records // arguments.partitions * arguments.partitions, arguments.partitions
    for each in (1, partitions, 8 * partitions):
        print(f"{records} keys in {each} partitions: {bytes_a_key(records, each):.0f} bytes a key", flush=True)
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(log_dir=Path(folder)) as cluster:
        kafka = Testbed(cluster.client_config())
        [source] = kafka.create_topics("in", partitions=partitions)
        fill(kafka, source, records, partitions)
        now = int(time.time() * 1000)
        with Producer({**kafka.connection}) as producer:
            for partition in range(partitions):
                producer.produce(source, b"x", b"next", partition, timestamp=now)
        bare = bare_read(kafka, source, records, partitions)
        without = first_output(kafka, source, records, partitions, key=False)
        with_window = first_output(kafka, source, records, partitions, key=True)
    print(f"a bare consumer reads the window in {bare:.1f} s")
    print(f"a worker begins {without:.1f} s after its start without a window, {with_window:.1f} s with one")
    print(
        f"reading the window takes {with_window - without:.1f} s, {(with_window - without) / bare:.2f} of the bare read"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
