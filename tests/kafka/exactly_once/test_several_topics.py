"""A worker of several input topics: what happens to one of them does not hold up the others."""

import uuid

import pytest
from confluent_kafka import Producer

from exactly_once import MissingOffsets
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import Make, copy_to
from heartzone_testing.waiting import eventually

pytestmark = pytest.mark.parametrize("group_protocol", ["classic", "consumer"])


def test_a_topic_made_anew_does_not_stop_another_one_with_traffic(kafka: Testbed, make: Make) -> None:
    """The comparison that finds it must not find it again before its start is known: that would abort for ever."""
    busy, other, target = kafka.create_topics("busy", "other", "out")
    kafka.send(other, b"old")
    journal = Journal()
    worker = make(busy, copy_to(target), input_topics=[busy, other], observer=journal)
    with running(worker) as failures, Producer({**kafka.connection}) as producer:
        eventually(lambda: b"old" in kafka.values(target), "the record of the old topic")
        kafka.recreate_topic(other)
        producer.produce(other, b"new")
        sent = 0

        def more_is_sent_and_all_is_there() -> bool:
            nonlocal sent
            producer.produce(busy, b"%d" % sent)
            producer.flush(10)
            sent += 1
            found = kafka.values(target)
            return b"new" in found and len(found) >= 20

        eventually(more_is_sent_and_all_is_there, "both topics to go on", every=0.1)
    assert failures == []
    values = [value for value in kafka.values(target) if value not in (b"old", b"new")]
    assert sorted(values, key=lambda value: int(value or b"")) == [b"%d" % n for n in range(len(values))]


def test_a_topic_that_is_deleted_does_not_stop_the_others(kafka: Testbed, make: Make) -> None:
    busy, other, target = kafka.create_topics("busy", "other", "out")
    kafka.send(other, b"old")
    worker = make(busy, copy_to(target), input_topics=[busy, other])
    with running(worker) as failures:
        eventually(lambda: kafka.values(target) == [b"old"], "the record of the other topic")
        kafka.delete_topic(other)
        for n in range(5):
            kafka.send(busy, b"%d" % n)
            eventually(lambda n=n: len(kafka.read(target)) == n + 2, "the busy topic to go on")  # type: ignore[misc]
    assert failures == []


def test_a_stop_right_after_the_first_start_leaves_no_partition_without_an_offset(kafka: Testbed, make: Make) -> None:
    """One without would be found as a new partition by the next start, and read from its beginning."""
    [source] = kafka.create_topics("in", partitions=4)
    [target] = kafka.create_topics("out")
    with Producer({**kafka.connection}) as producer:
        for n in range(40):
            producer.produce(source, b"old", partition=n % 4)
    group = f"group-{uuid.uuid4().hex[:8]}"
    options = {"group_id": group, "missing_offsets": MissingOffsets.LATEST, "lag_interval": 60.0}
    worker = make(source, copy_to(target), **options)
    with running(worker):
        eventually(lambda: worker.unready_reason is None, "the worker to be ready")
        eventually(lambda: min(kafka.group_offsets(group, source, 4).values()) >= 10, "the starts to be committed")
    with running(make(source, copy_to(target), **options)):
        kafka.send(source, b"new")
        eventually(lambda: kafka.values(target) == [b"new"], "the new record alone")
