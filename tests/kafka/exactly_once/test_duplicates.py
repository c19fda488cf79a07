"""Records that were sent again have their effect once, whoever processes them and whatever was killed in between."""

import threading

from confluent_kafka import Producer

from exactly_once import Deduplication, InputRecord
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import Make, copy_to
from heartzone_testing.waiting import eventually

SECOND = 1_000  # milliseconds
NOW = 1_700_000_000_000


def key_of(record: InputRecord) -> bytes | None:
    return record.key()


WINDOW = Deduplication(key=key_of, window=60)


class Gate:
    """Keeps whoever looks at the key of a record ``before`` waiting."""

    def __init__(self) -> None:
        self._arrived, self._opened = threading.Event(), threading.Event()

    def key_of(self, record: InputRecord) -> bytes | None:
        if record.value() == b"before":
            self._arrived.set()
            self._opened.wait(60)
        return record.key()

    def is_waited_for(self) -> bool:
        return self._arrived.is_set()

    def open(self) -> None:
        self._opened.set()


def send(kafka: Testbed, topic: str, *records: tuple[bytes, bytes], partition: int = 0, timestamp: int = NOW) -> None:
    """Keys and values."""
    with Producer({**kafka.connection}) as producer:
        for key, value in records:
            producer.produce(topic, value, key, partition, timestamp=timestamp)


def outputs(kafka: Testbed, topic: str) -> list[bytes]:
    """The values of a topic with several partitions."""
    return sorted(value or b"" for value in kafka.values(topic))


def test_a_record_that_is_sent_again_is_left_out_and_committed(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    journal = Journal()
    worker = make(source, copy_to(target), observer=journal, deduplication=WINDOW)
    send(kafka, source, (b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"4"))

    with running(worker) as failures:
        eventually(lambda: len(kafka.values(target)) >= 3, "the records")
        send(kafka, source, (b"b", b"5"))
        eventually(lambda: journal.duplicates == 2, "the duplicates")
        eventually(lambda: kafka.group_offsets(worker.config.group_id, source) == {0: 5}, "their offsets")

    assert failures == []
    assert kafka.values(target) == [b"1", b"2", b"4"]


def test_a_successor_knows_the_keys_of_the_window_before_its_position_and_no_older_ones(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")
    first = make(source, copy_to(target), deduplication=WINDOW)
    send(kafka, source, (b"old", b"1"), timestamp=NOW - 90 * SECOND)
    send(kafka, source, (b"a", b"2"), (b"b", b"3"))
    with running(first):
        eventually(lambda: len(kafka.values(target)) == 3, "the records")
    send(kafka, source, (b"a", b"4"), (b"old", b"5"), (b"b", b"6"), (b"c", b"7"))

    with running(make(source, copy_to(target), deduplication=WINDOW, group_id=first.config.group_id)):
        eventually(lambda: kafka.values(target)[-1:] == [b"7"], "what came after")

    assert kafka.values(target) == [b"1", b"2", b"3", b"5", b"7"]


def test_other_partitions_go_on_while_a_window_is_read(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out", partitions=2)
    journal = Journal()
    gate = Gate()
    worker = make(source, copy_to(target), observer=journal, deduplication=Deduplication(key=gate.key_of, window=60))
    group = worker.config.group_id
    send(kafka, source, *[(b"x", b"before")] * 3)
    kafka.set_group_offset(group, source, 3)
    send(kafka, source, (b"z", b"1"), partition=1)

    with running(worker):
        eventually(lambda: kafka.values(target) == [b"1"], "the other partition")
        send(kafka, source, (b"x", b"again"), (b"y", b"2"))
        eventually(gate.is_waited_for, "the reader at its first record")
        send(kafka, source, (b"z", b"again"), (b"u", b"3"), partition=1)
        eventually(lambda: outputs(kafka, target) == [b"1", b"3"], "the other partition")
        assert worker.set_aside == {(source, 0): "reading the keys before the position"}
        gate.open()
        eventually(lambda: outputs(kafka, target) == [b"1", b"2", b"3"], "the partition that waited")


def test_a_large_window_is_read_by_several_partitions_at_once(kafka: Testbed, make: Make) -> None:
    partitions, records = 3, 2_000
    source, target = kafka.create_topics("in", "out", partitions=partitions)
    for partition in range(partitions):
        send(kafka, source, *[(b"%d" % number, b"first") for number in range(records)], partition=partition)
    journal = Journal()
    worker = make(source, copy_to(target), observer=journal, deduplication=WINDOW)
    for partition in range(partitions):
        kafka.set_group_offset(worker.config.group_id, source, records, partition=partition)
        send(
            kafka,
            source,
            *[(b"%d" % number, b"again") for number in range(0, records, 100)],
            (b"new", b"%d" % partition),
            partition=partition,
        )

    with running(worker):
        eventually(lambda: len(kafka.values(target)) >= partitions, "the new ones")

    assert outputs(kafka, target) == [b"0", b"1", b"2"]
    assert journal.duplicates == partitions * records // 100
