"""A topic that is deleted and created again is another topic: its records are read from its beginning, each once."""

import threading

import pytest
from confluent_kafka import Producer

from exactly_once import InputRecord, MissingOffsets, OutputRecord
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import Make, copy_to
from heartzone_testing.waiting import eventually

pytestmark = pytest.mark.parametrize("group_protocol", ["classic", "consumer"])


def test_a_running_worker_reads_the_new_topic_from_its_beginning_and_says_so(kafka: Testbed, make: Make) -> None:
    """The new topic holds more records than the old one: the old position is valid in it, and wrong."""
    source, target = kafka.create_topics("in", "out")
    journal = Journal()
    kafka.send(source, *(b"old%d" % n for n in range(10)))
    worker = make(source, copy_to(target), observer=journal, missing_offsets=MissingOffsets.LATEST)
    kafka.set_group_offset(worker.config.group_id, source, 0)
    with running(worker) as failures:
        eventually(lambda: len(kafka.read(target)) == 10, "the records of the old topic")
        kafka.recreate_topic(source)
        kafka.send(source, *(b"new%d" % n for n in range(30)))
        eventually(lambda: len(kafka.read(target)) >= 40, "the records of the new topic", 60)
        kafka.send(source, b"last")
        eventually(lambda: b"last" in kafka.values(target), "the worker to go on")
    assert failures == []

    assert kafka.values(target)[10:] == [*(b"new%d" % n for n in range(30)), b"last"]
    [(partition, old, new)] = journal.recreated
    assert partition == (source, 0)
    assert old != new


def test_records_fetched_from_the_old_topic_are_not_committed_into_the_new_one(kafka: Testbed, make: Make) -> None:
    """The topic is made anew between the fetch of a batch and its commit."""
    source, target = kafka.create_topics("in", "out")
    held, release = threading.Event(), threading.Event()

    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"old":
            held.set()
            release.wait(30)
        return [OutputRecord(target, record.value())]

    journal = Journal()
    kafka.send(source, b"old")
    with running(make(source, transform, observer=journal)) as failures:
        assert held.wait(30)
        kafka.recreate_topic(source)
        release.set()
        kafka.send(source, b"new0", b"new1")
        eventually(lambda: b"new1" in kafka.values(target), "the new topic", 60)
    assert failures == []

    new = [value for value in kafka.values(target) if value != b"old"]
    assert new == [b"new0", b"new1"]


def test_a_worker_that_starts_later_does_not_trust_an_offset_of_the_old_topic(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, *(b"old%d" % n for n in range(3)))
    worker = make(source, copy_to(target))
    group = worker.config.group_id
    with running(worker):
        eventually(lambda: len(kafka.read(target)) == 3, "the records of the old topic")
    [text] = kafka.group_metadata_texts(group, source)
    assert text.startswith("topic-id=")

    kafka.recreate_topic(source)
    kafka.send(source, *(b"new%d" % n for n in range(6)))
    # As if the worker's last commit had come after the topic was made anew.
    kafka.set_group_offset(group, source, 3, metadata=text)
    journal = Journal()
    with running(make(source, copy_to(target), group_id=group, observer=journal)):
        eventually(lambda: len(kafka.read(target)) >= 9, "the records of the new topic")
        kafka.send(source, b"last")
        eventually(lambda: b"last" in kafka.values(target), "the worker to go on")

    assert kafka.values(target)[3:] == [*(b"new%d" % n for n in range(6)), b"last"]
    assert len(journal.recreated) == 1


def test_an_idle_worker_notices_although_the_new_topic_is_shorter(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out", partitions=2)
    with Producer({**kafka.connection}) as producer:
        for n in range(20):
            producer.produce(source, b"old%d" % n, partition=n % 2)
    journal = Journal()
    with running(make(source, copy_to(target), observer=journal)) as failures:
        eventually(lambda: len(kafka.read(target)) == 20, "the records of the old topic")
        kafka.recreate_topic(source, 2)
        eventually(lambda: len(journal.recreated) == 2, "both partitions to be found new", 60)
        kafka.send(source, b"new")
        eventually(lambda: kafka.values(target).count(b"new") == 1, "the record of the new topic")
        assert journal.halts == {}
    assert failures == []
