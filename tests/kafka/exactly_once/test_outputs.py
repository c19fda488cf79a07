"""Output records that no broker can take, for their partition or their topic's name, and those that one can by now."""

import uuid
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from exactly_once import HaltReason, InputRecord, OutputRecord
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.waiting import eventually


def details(kafka: Testbed, topic: str) -> list[str]:
    """What the dead letters of a topic say of why they are there."""
    return [dict[str, Any](letter.headers() or ())["dlq.detail"].decode() for letter in kafka.read(topic)]


@pytest.mark.parametrize(
    ("partition", "is_new"), [(7, False), (-5, False), (7, True)], ids=["too-high", "negative", "of-a-new-topic"]
)
def test_an_output_for_a_partition_that_there_is_not_makes_its_record_a_dead_letter(
    kafka: Testbed, partition: int, is_new: bool
) -> None:
    """Of a topic that the producer has not met yet, librdkafka learns the partitions after it has taken the record."""
    source, known, dead = kafka.create_topics("in", "out", "dead")
    target, journal = [known], Journal()

    def transform(record: InputRecord) -> list[OutputRecord]:
        return [OutputRecord(target[0], record.value(), partition=partition if record.value() == b"bad" else 0)]

    worker = worker_on(kafka, source, transform, dead_letter_topic=dead, observer=journal, transaction_timeout=60.0)
    with running(worker) as failures:
        eventually(lambda: worker.unready_reason is None, "the worker to be ready")
        if is_new:
            target[:] = kafka.create_topics("new")
        kafka.send(source, b"bad", b"good")
        eventually(lambda: failures or kafka.values(target[0]) == [b"good"], "the other record")

    assert failures == []
    assert kafka.values(dead) == [b"bad"]
    assert details(kafka, dead) == [
        f"an output of the record cannot be written: topic {target[0]} has no partition {partition}"
    ]
    assert "unproducible" in journal.aborts


def test_without_a_dead_letter_topic_it_halts_its_partition_alone(kafka: Testbed) -> None:
    [source], [target] = kafka.create_topics("in", partitions=2), kafka.create_topics("out")
    journal = Journal()

    def transform(record: InputRecord) -> list[OutputRecord]:
        return [OutputRecord(target, record.value(), partition=record.partition() or 0)]

    kafka.send(source, b"bad", partition=1)
    kafka.send(source, b"good", partition=0)
    with running(worker_on(kafka, source, transform, observer=journal)) as failures:
        eventually(lambda: failures or (journal.halts and kafka.values(target) == [b"good"]), "both")
        assert failures == []
        [(partition, (reason, detail))] = journal.halts.items()

    assert (partition, reason) == ((source, 1), HaltReason.DEAD_LETTER_IMPOSSIBLE)
    assert f"topic {target} has no partition 1" in detail


def test_a_partition_that_the_output_topic_has_been_given_takes_records_at_once(kafka: Testbed) -> None:
    """librdkafka learns of it up to five minutes later."""
    source, target, dead = kafka.create_topics("in", "out", "dead")
    journal = Journal()

    def transform(record: InputRecord) -> list[OutputRecord]:
        return [OutputRecord(target, record.value(), partition=int(record.value() or b""))]

    kafka.send(source, b"0")
    with running(
        worker_on(kafka, source, transform, dead_letter_topic=dead, observer=journal, transaction_timeout=60.0)
    ) as failures:
        eventually(lambda: kafka.values(target) == [b"0"], "the first output")
        kafka.add_partitions(target, 3)
        kafka.send(source, b"2", b"1")
        eventually(lambda: failures or len(kafka.read(target)) + len(kafka.read(dead)) == 3, "the others")

    assert failures == []
    assert [(each.partition(), each.value()) for each in kafka.read(target)] == [(0, b"0"), (1, b"1"), (2, b"2")]
    assert kafka.values(dead) == []
    assert "unproducible" not in journal.aborts


@pytest.mark.parametrize("name", ["", "no name"], ids=["empty", "space"])
def test_an_output_whose_topic_can_have_no_such_name_makes_its_record_a_dead_letter(kafka: Testbed, name: str) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead")
    journal = Journal()

    def transform(record: InputRecord) -> list[OutputRecord]:
        return [OutputRecord(name if record.value() == b"bad" else target, record.value())]

    kafka.send(source, b"a", b"bad", b"b")
    with running(
        worker_on(kafka, source, transform, dead_letter_topic=dead, observer=journal, transaction_timeout=60.0)
    ) as failures:
        eventually(lambda: failures or kafka.values(target) == [b"a", b"b"], "the other records")

    assert failures == []
    assert kafka.values(dead) == [b"bad"]
    [detail] = details(kafka, dead)
    assert detail.startswith(f"an output of the record cannot be written: topic is {name!r}; a name has")
    assert "unproducible" in journal.aborts
    assert "unknown_topic" not in journal.rebuilds


def test_an_output_topic_that_the_client_soon_takes_as_missing_is_named_and_waited_for_too(kafka: Testbed) -> None:
    """Where records fail before the transaction's time is up, it is an error of its own, and not a timeout."""
    [source] = kafka.create_topics("in")
    target = f"late-{uuid.uuid4().hex[:8]}"
    kafka.send(source, b"a")

    soon = {"topic.metadata.propagation.max.ms": 100}
    worker = worker_on(kafka, source, copy_to(target), producer=soon, transaction_timeout=20.0)
    with running(worker) as failures:
        eventually(lambda: failures or f"topic {target} does not exist" in (worker.unready_reason or ""), "its name")
        admin = AdminClient({**kafka.connection})
        admin.create_topics([NewTopic(target, 1, 1)])[target].result()
        eventually(lambda: failures or kafka.values(target) == [b"a"], "the output")

    assert failures == []
