"""The contestants of the worker's throughput, each run in a process of its own.

python -m benchmarks.worker_contestants NAME GROUP BOOTSTRAP INPUT OUTPUT DEAD_LETTERS MESSAGES

Prints one JSON line: messages, the seconds from the first fetched record to the last commit, and the seconds of
processor meanwhile. Every contestant reads the same input from its beginning under its group and writes to the same
output topic in transactions; with 0 messages it works until it is killed. ``benchmarks.kafka_streams`` has one in Java.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from exactly_once import (
    Deduplication,
    InputRecord,
    Observer,
    OutputRecord,
    Partition,
    RebalanceEvent,
    Transform,
    Worker,
    WorkerConfig,
)
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.output_frame import OutputFrame
from heartzone_zone_worker.record_headers import idempotency_key
from heartzone_zone_worker.transform import ZoneTransform
from service_chassis import garbage

Arguments = tuple[str, str, str, str, str, int]
"""Group, bootstrap servers, topics of input, outputs and dead letters, messages."""

ZONE_WORKER = "zone worker"
WITHOUT_WINDOW = "zone worker without deduplication"
COPY = "transactional copy that decodes nothing"
ONE_BY_ONE = "one transaction a message"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run took."""

    messages: int
    seconds: float
    cpu_seconds: float


class Stopwatch(Observer):
    """Stops the worker when it has committed so many records, unless that is 0."""

    def __init__(self, messages: int) -> None:
        self.worker: Worker | None = None
        self.outcome = Outcome(messages, 0, 0)
        self._left = messages
        self._started = 0.0
        self._cpu_before = 0.0

    def rebalanced(self, event: RebalanceEvent, partitions: Sequence[Partition]) -> None:  # noqa: ARG002
        self._cpu_before = self._cpu_before or time.process_time()

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:  # noqa: ARG002
        now = time.monotonic()
        self._started = self._started or now - seconds
        before, self._left = self._left, self._left - len(records)
        if before > 0 >= self._left and self.worker is not None:
            cpu_seconds = time.process_time() - self._cpu_before
            self.outcome = Outcome(self.outcome.messages, now - self._started, cpu_seconds)
            self.worker.stop()


def on_the_engine(transform_to: Callable[[str], Transform], *, window: float = 0) -> Callable[[Arguments], Outcome]:
    """A contestant that is a transform on exactly_once, with a deduplication window of so many seconds."""

    def run(arguments: Arguments) -> Outcome:
        group, bootstrap, source, output, dead_letters, messages = arguments
        connection = {"bootstrap.servers": bootstrap}
        watch = Stopwatch(messages)
        config = WorkerConfig(
            input_topics=[source],
            group_id=group,
            transactional_id=f"{group}-{os.getpid()}",
            dead_letter_topic=dead_letters,
            connection=connection,
            deduplication=Deduplication(key=idempotency_key, window=window) if window else None,
        )
        watch.worker = Worker(config, transform_to(output), observer=watch)
        watch.worker.run()
        return watch.outcome

    return run


def zones(output: str) -> ZoneTransform:
    decoder = BiometricsDecoder()
    return ZoneTransform(topic=output, frame=OutputFrame(1), decoder_of=lambda _id: decoder)


def copy(output: str) -> Transform:
    return lambda record: (OutputRecord(output, record.value(), record.key()),)


def a_transaction_a_message(arguments: Arguments) -> Outcome:
    """The original's design: poll one, transform it, commit one transaction with its outputs and its offset."""
    group, bootstrap, source, output, _dead_letters, messages = arguments
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": group})
    producer.init_transactions()
    consumer.subscribe(
        [source],
        on_assign=lambda each, parts: each.assign(
            [TopicPartition(part.topic, part.partition, OFFSET_BEGINNING) for part in parts]
        ),
    )
    transform = zones(output)
    started, cpu_before, done = 0.0, 0.0, 0
    while done < messages:
        message = consumer.poll(1.0)
        if message is None or message.error() is not None:
            continue
        started, cpu_before = started or time.monotonic(), cpu_before or time.process_time()
        producer.begin_transaction()
        for record in transform(message):
            producer.produce(record.topic, record.value, record.key)
        offset = TopicPartition(source, message.partition() or 0, (message.offset() or 0) + 1)
        producer.send_offsets_to_transaction([offset], consumer.consumer_group_metadata())
        producer.commit_transaction()
        done += 1
    outcome = Outcome(messages, time.monotonic() - started, time.process_time() - cpu_before)
    consumer.close()
    return outcome


CONTESTANTS: dict[str, Callable[[Arguments], Outcome]] = {
    ZONE_WORKER: on_the_engine(zones, window=600),
    WITHOUT_WINDOW: on_the_engine(zones),
    COPY: on_the_engine(copy),
    ONE_BY_ONE: a_transaction_a_message,
}

if __name__ == "__main__":
    name, group, bootstrap, source, output, dead_letters, messages = sys.argv[1:]
    # As the zone worker's entry point and its service do.
    gc.freeze()
    garbage.collect_seldom(garbage.BATCHES)
    outcome = CONTESTANTS[name]((group, bootstrap, source, output, dead_letters, int(messages)))
    print(json.dumps(asdict(outcome)))
