"""The contestants of the worker's throughput, each run in a process of its own.

python -m benchmarks.worker_contestants NAME BOOTSTRAP INPUT OUTPUT DEAD_LETTERS MESSAGES

Prints one JSON line: messages and the seconds from the first fetched record to the last commit. Every contestant reads
the same input from its beginning under a group of its own and writes to the same output topic in transactions.
"""

import json
import sys
import time
import uuid
from collections.abc import Callable, Sequence

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from exactly_once import Deduplication, InputRecord, Observer, OutputRecord, Transform, Worker, WorkerConfig
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.output_frame import OutputFrame
from heartzone_zone_worker.record_headers import idempotency_key
from heartzone_zone_worker.transform import ZoneTransform

Arguments = tuple[str, str, str, str, int]


class Stopwatch(Observer):
    """Stops the worker when it has committed so many records."""

    def __init__(self, messages: int) -> None:
        self.worker: Worker | None = None
        self.seconds = 0.0
        self._left = messages
        self._started = 0.0

    def committed(self, records: Sequence[InputRecord], *, outputs: int, seconds: float) -> None:  # noqa: ARG002
        now = time.monotonic()
        self._started = self._started or now - seconds
        self._left -= len(records)
        if self._left <= 0 and self.worker is not None:
            self.seconds = now - self._started
            self.worker.stop()


def on_the_engine(transform_to: Callable[[str], Transform], *, window: float = 0) -> Callable[[Arguments], float]:
    """A contestant that is a transform on exactly_once, with a deduplication window of so many seconds."""

    def run(arguments: Arguments) -> float:
        bootstrap, source, output, dead_letters, messages = arguments
        connection = {"bootstrap.servers": bootstrap}
        name = f"bench-{uuid.uuid4().hex[:8]}"
        watch = Stopwatch(messages)
        config = WorkerConfig(
            input_topics=[source],
            group_id=name,
            transactional_id=name,
            dead_letter_topic=dead_letters,
            connection=connection,
            deduplication=Deduplication(key=idempotency_key, window=window) if window else None,
        )
        watch.worker = Worker(config, transform_to(output), observer=watch)
        watch.worker.run()
        return watch.seconds

    return run


def zones(output: str) -> ZoneTransform:
    decoder = BiometricsDecoder()
    return ZoneTransform(topic=output, frame=OutputFrame(1), decoder_of=lambda _id: decoder)


def copy(output: str) -> Transform:
    return lambda record: (OutputRecord(output, record.value(), record.key()),)


def a_transaction_a_message(arguments: Arguments) -> float:
    """The original's design: poll one, transform it, commit one transaction with its outputs and its offset."""
    bootstrap, source, output, _dead_letters, messages = arguments
    name = f"bench-{uuid.uuid4().hex[:8]}"
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": name, "enable.auto.commit": False})
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name})
    producer.init_transactions()
    consumer.subscribe(
        [source],
        on_assign=lambda each, parts: each.assign(
            [TopicPartition(part.topic, part.partition, OFFSET_BEGINNING) for part in parts]
        ),
    )
    transform = zones(output)
    started, done = 0.0, 0
    while done < messages:
        message = consumer.poll(1.0)
        if message is None or message.error() is not None:
            continue
        started = started or time.monotonic()
        producer.begin_transaction()
        for record in transform(message):
            producer.produce(record.topic, record.value, record.key)
        offset = TopicPartition(source, message.partition() or 0, (message.offset() or 0) + 1)
        producer.send_offsets_to_transaction([offset], consumer.consumer_group_metadata())
        producer.commit_transaction()
        done += 1
    seconds = time.monotonic() - started
    consumer.close()
    return seconds


CONTESTANTS: dict[str, Callable[[Arguments], float]] = {
    "zone worker": on_the_engine(zones, window=600),
    "zone worker without deduplication": on_the_engine(zones),
    "transactional copy that decodes nothing": on_the_engine(copy),
    "one transaction a message": a_transaction_a_message,
}

if __name__ == "__main__":
    name, *topics, messages = sys.argv[1:]
    bootstrap, source, output, dead_letters = topics
    seconds = CONTESTANTS[name]((bootstrap, source, output, dead_letters, int(messages)))
    print(json.dumps({"messages": int(messages), "seconds": seconds}))
