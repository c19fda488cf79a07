"""Resident memory of a zone worker while it idles, under a backlog of messages of nearly 1 MB, and without brokers.

``python -m benchmarks.worker_memory [--idle MINUTES] [--backlog MINUTES] [--outage MINUTES]``: by default an idle hour
and an hour without brokers, of which the last halves show whether it grows, and ten minutes of a backlog that is
refilled as it is consumed. 0 leaves one out.
"""

import argparse
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import linear_regression

import psutil
from confluent_kafka import Producer

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone.messages import Biometrics, HeartRate, encode
from heartzone.wire import frame_prefix
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.pipeline import Pipeline

MEGABYTE = 1_000_000
SAMPLE_INTERVAL_S = 1.0
# A reading takes 50 bytes: so many make a message of nearly what a broker takes by default.
READINGS = 17_000
PARTITIONS = 6


def sampled(pid: int, minutes: float) -> list[tuple[float, float]]:
    """Seconds and megabytes of a process, at intervals."""
    process, began = psutil.Process(pid), time.monotonic()
    samples = []
    while (seconds := time.monotonic() - began) < minutes * 60:
        samples.append((seconds, process.memory_info().rss / MEGABYTE))
        time.sleep(SAMPLE_INTERVAL_S)
    return samples


def refill(pipeline: Pipeline, stopping: threading.Event) -> None:
    """Write large messages as fast as the broker takes them, until stopped."""
    readings = [HeartRate(f"2022-12-02T13:{n // 60 % 60:02}:{n % 60:02}Z", 60 + n % 130) for n in range(READINGS)]
    prefix = frame_prefix(pipeline.schema_id)
    values = [prefix + encode(Biometrics(str(uuid.UUID(int=n)), readings, 200)) for n in range(PARTITIONS * 2)]
    with Producer({**pipeline.kafka.connection, "queue.buffering.max.kbytes": 64 * 1024}) as producer:
        number = 0
        while not stopping.is_set():
            try:
                producer.produce(pipeline.biometrics, values[number % len(values)], partition=number % PARTITIONS)
                number += 1
            except BufferError:
                producer.poll(0.1)


def measure(
    pipeline: Pipeline, minutes: float, load: Callable[[threading.Event], None] | None
) -> list[tuple[float, float]]:
    """Samples of a fresh worker."""
    stopping = threading.Event()
    # What is deleted under the worker is passed over here.
    with pipeline.worker(settings={"HEARTZONE_OFFSET_OUT_OF_RANGE": "earliest"}) as worker:
        worker.wait_until_ready()
        thread = threading.Thread(target=load, args=(stopping,)) if load is not None else None
        if thread is not None:
            thread.start()
        try:
            return sampled(worker.process.pid, minutes)
        finally:
            stopping.set()
            if thread is not None:
                thread.join()


def report(what: str, samples: list[tuple[float, float]]) -> None:
    late = samples[len(samples) // 2 :]
    slope, _ = linear_regression([seconds / 3600 for seconds, _ in late], [size for _, size in late])
    sizes = [size for _, size in samples]
    print(
        f"  {what:34} first {sizes[0]:6.1f} MB   most {max(sizes):6.1f} MB   last {sizes[-1]:6.1f} MB"
        f"   in the second half {slope:+.2f} MB/h",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=60.0, metavar="MINUTES")
    parser.add_argument("--backlog", type=float, default=10.0, metavar="MINUTES")
    parser.add_argument("--outage", type=float, default=60.0, metavar="MINUTES")
    arguments = parser.parse_args()
    # Little is kept of what is written, so that a disk can hold ten minutes of it.
    # The defaults let 5 minutes pass between two looks at it, in which a fast disk takes 50 GB.
    kept = {
        "log.retention.bytes": str(128 * 1024 * 1024),
        "log.segment.bytes": str(32 * 1024 * 1024),
        "log.retention.check.interval.ms": "5000",
        "log.segment.delete.delay.ms": "1000",
    }
    with (
        EmbeddedKafka(broker_properties=kept) as kafka,
        EmbeddedRegistry() as registry,
        tempfile.TemporaryDirectory() as folder,
    ):
        testbed = Testbed(kafka.client_config())
        print("resident memory of a zone worker")

        def pipeline() -> Pipeline:
            return Pipeline(testbed, registry.client_config(), Path(folder), PARTITIONS)

        if arguments.idle:
            report(f"idle for {arguments.idle:g} minutes", measure(pipeline(), arguments.idle, None))
        if arguments.backlog:
            busy = pipeline()
            samples = measure(busy, arguments.backlog, lambda stopping: refill(busy, stopping))
            report(f"a backlog for {arguments.backlog:g} minutes", samples)
        if arguments.outage:  # last: nothing is left to go on with

            def end_broker(_: threading.Event) -> None:
                kafka.nodes[0].kill()

            samples = measure(pipeline(), arguments.outage, end_broker)
            report(f"without brokers for {arguments.outage:g} minutes", samples)


if __name__ == "__main__":
    main()
