"""Each record once and in order while records lack things at random, are sent again, and members come and go."""

import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import pytest
from confluent_kafka import Producer

from exactly_once import BatchLimits, Deduplication, InputRecord, OutputRecord, PoisonRecord, Scope, Unavailable, Worker
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import worker_on
from heartzone_testing.waiting import eventually

PARTITIONS = 4
RECORDS = 1_000
WINDOW = Deduplication(key=lambda record: record.value(), window=600)
SCOPES = (Scope.RECORD, Scope.RECORD, Scope.PARTITION, Scope.EVERYTHING)


class Schedule:
    """What happens, drawn from a seed: two workers stay, and others join and leave."""

    def __init__(self, kafka: Testbed, protocol: str, seed: int) -> None:
        self.kafka = kafka
        self.source, self.target, self.dead = kafka.create_topics("in", "out", "dlq", partitions=PARTITIONS)
        self.sent: dict[int, list[int]] = defaultdict(list)
        self.again = 0
        self.journals: list[Journal] = []
        self._protocol = protocol
        self._group = f"random-{uuid.uuid4().hex[:8]}"
        self._random = random.Random(seed)
        self._tick = threading.Event()

    def worker(self) -> Worker:
        """Another worker of the group."""
        self.journals.append(Journal())
        return worker_on(
            self.kafka,
            self.source,
            self._transform(self._random.random()),
            group_id=self._group,
            transactional_id=f"{self._group}-{len(self.journals)}",
            group_protocol=self._protocol,
            dead_letter_topic=self.dead,
            observer=self.journals[-1],
            deduplication=WINDOW,
            limits=BatchLimits(max_records=self._random.choice([7, 20, 200])),
            transaction_timeout=6.0,
        )

    def write(self) -> None:
        """All records, in lots of all sizes, so that ends of partitions are reached again and again.

        Some are sent again, now or much later, as by clients that have had no response.
        """
        number = 0
        with Producer({**self.kafka.connection, "linger.ms": 0}) as producer:
            while number < RECORDS:
                for _ in range(min(self._random.choice([1, 3, 20, 60]), RECORDS - number)):
                    partition = self._random.randrange(PARTITIONS)
                    producer.produce(self.source, b"%d" % number, b"%d" % partition, partition)
                    self.sent[partition].append(number)
                    number += 1
                    while self._random.random() < 0.2:
                        partition = self._random.randrange(PARTITIONS)
                        again = self._random.choice(self.sent[partition] or [None])
                        if again is not None:
                            producer.produce(self.source, b"%d" % again, b"%d" % partition, partition)
                            self.again += 1
                producer.flush(30)
                self._tick.wait(self._random.uniform(0, 0.4))

    def disturb(self, failures: list[list[BaseException]]) -> None:
        """One disturbance, and some time."""
        if self._random.random() < 0.5:
            self.kafka.fence(f"{self._group}-{self._random.choice([1, 2])}")
        else:
            with running(self.worker()) as failure:
                self._tick.wait(self._random.uniform(0.5, 4))
            failures.append(failure)
        self._tick.wait(self._random.uniform(0, 1))

    def _transform(self, seed: float) -> Callable[[InputRecord], list[OutputRecord]]:
        own = random.Random(seed)

        def copy_now_and_then(record: InputRecord) -> list[OutputRecord]:
            luck = own.random()
            if luck < 0.03:
                ready = own.choice([None, lambda: True, lambda: True, lambda: own.random() < 0.5])
                raise Unavailable("lookup_pending", scope=own.choice(SCOPES), ready=ready)
            if luck < 0.05:
                self._tick.wait(own.uniform(0, 0.15))  # what arrives meanwhile is in the queue of librdkafka
            if int(record.value() or b"") % 97 == 0:
                raise PoisonRecord("bad", "no good")
            return [OutputRecord(self.target, record.value(), record.key())]

        return copy_now_and_then


def by_partition(kafka: Testbed, topic: str) -> Mapping[int, Sequence[int]]:
    """The numbers of the records, in their order, by the partition that they came from."""
    found: dict[int, list[int]] = defaultdict(list)
    for record in kafka.read(topic):
        found[int(record.key() or b"")].append(int(record.value() or b""))
    return found


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_each_record_has_its_effect_once_and_in_order_and_is_counted_once(kafka: Testbed, protocol: str) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 for the report of a failure
    schedule = Schedule(kafka, protocol, seed)
    writing = threading.Thread(target=schedule.write)
    with ExitStack() as workers:
        failures = [workers.enter_context(running(schedule.worker())) for _ in range(2)]
        writing.start()
        while writing.is_alive():
            schedule.disturb(failures)
        writing.join()
        topics = schedule.target, schedule.dead
        eventually(
            lambda: any(failures) or sum(len(kafka.read(topic)) for topic in topics) >= RECORDS, "all", 120, every=0.5
        )

    assert [failure for failure in failures if failure] == []
    numbers = schedule.sent.items()
    assert by_partition(kafka, schedule.target) == {each: [n for n in sent if n % 97] for each, sent in numbers}
    letters = {each: [n for n in sent if n % 97 == 0] for each, sent in numbers}
    assert by_partition(kafka, schedule.dead) == {each: sent for each, sent in letters.items() if sent}
    assert sum(sum(journal.transactions) for journal in schedule.journals) == RECORDS + schedule.again
    assert sum(journal.duplicates for journal in schedule.journals) == schedule.again
