"""`heartzone group` against a real broker: groups of both protocols, with members that run and without."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, DeletedRecords

from heartzone_cli.root import heartzone
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture
def topic(kafka: Testbed) -> str:
    """A topic of two partitions, ten records in each."""
    (name,) = kafka.create_topics("biometrics", partitions=2)
    an_hour_ago = int(time.time() * 1000) - 3_600_000
    with Producer({**kafka.connection}) as producer:
        for number in range(20):
            producer.produce(name, f"{number}", partition=number % 2, timestamp=an_hour_ago)
    return name


@pytest.fixture
def group() -> str:
    return f"zone-worker-{uuid4().hex[:8]}"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, ["group", *arguments], catch_exceptions=False)


def committed(kafka: Testbed, group: str, topic: str) -> dict[int, tuple[int, str | None]]:
    """Offset and metadata by partition."""
    consumer = Consumer({**kafka.connection, "group.id": group})
    try:
        found = consumer.committed([TopicPartition(topic, each) for each in range(2)], timeout=20)
        return {each.partition: (each.offset, each.metadata) for each in found if each.offset >= 0}
    finally:
        consumer.close()


def topic_id(kafka: Testbed, topic: str) -> str:
    admin = AdminClient({**kafka.connection})
    return str(admin.describe_topics(TopicCollection([topic]))[topic].result().topic_id)


@contextmanager
def member(kafka: Testbed, group: str, topic: str, protocol: str) -> Iterator[Consumer]:
    """A member that owns both partitions, has read all their records and has committed nothing yet."""
    consumer = Consumer(
        {
            **kafka.connection,
            "client.id": "the-member",
            "group.id": group,
            "group.protocol": protocol,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    read: list[Any] = []

    def all_read() -> bool:
        read.extend(consumer.consume(100, 0.1))
        return len(read) == 20

    eventually(all_read, "the records", every=0)
    try:
        yield consumer
    finally:
        consumer.close()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_partition_is_moved_under_a_living_member_of_its_group(
    kafka: Testbed, topic: str, group: str, protocol: str
) -> None:
    with member(kafka, group, topic, protocol) as consumer:
        consumer.commit(asynchronous=False)

        moved = run("set-offset", topic, "1", "3", "--group", group, "--watch", "0")

        assert moved.exit_code == 0, moved.stderr
        assert moved.stdout.startswith(
            f"Group {group}, {topic} 1: set to 3; it was at 10. It is owned by the-member at 127.0.0.1. If it is halted"
        )
        assert moved.stdout.endswith("The offset 3 stands.\n")
        offsets = committed(kafka, group, topic)
        assert offsets[0][0] == 10
        offset, metadata = offsets[1]
        assert offset == 3
        assert metadata is not None
        assert metadata.startswith(f"topic-id={topic_id(kafka, topic)};set-offset=20")
        assert consumer.consume(1, 0) == []
        assert len(consumer.assignment()) == 2


def test_a_group_without_members_is_moved_too_and_so_is_one_that_has_never_been(
    kafka: Testbed, topic: str, group: str
) -> None:
    moved = run("set-offset", topic, "0", "latest", "--group", group, "--watch", "0", "--json")

    assert moved.exit_code == 0, moved.stderr
    assert json.loads(moved.stdout) == {
        "group": group,
        "topic": topic,
        "partition": 0,
        "before": None,
        "offset": 10,
        "outcome": "stands",
        "committed": 10,
        "owner": None,
    }
    assert committed(kafka, group, topic)[0][0] == 10

    again = run("set-offset", topic, "0", "earliest", "--group", group, "--watch", "0")
    assert "set to 0; it was at 10. No member owns the partition now." in again.stdout
    assert committed(kafka, group, topic)[0][0] == 0


def test_a_worker_that_commits_its_own_position_afterwards_is_noticed(kafka: Testbed, topic: str, group: str) -> None:
    with member(kafka, group, topic, "classic") as consumer:
        consumer.commit(asynchronous=False)
        done = threading.Event()
        committer = threading.Thread(target=_commit_when_moved, args=(kafka, consumer, group, topic, done))
        committer.start()
        try:
            moved = run("set-offset", topic, "1", "3", "--group", group, "--watch", "60")
        finally:
            done.set()
            committer.join()

    assert moved.exit_code == 1
    assert "The offset did not stand: 10 is committed. A worker is processing the partition; stop it" in moved.stdout


def _commit_when_moved(kafka: Testbed, consumer: Consumer, group: str, topic: str, done: threading.Event) -> None:
    eventually(lambda: committed(kafka, group, topic)[1][0] == 3 or done.is_set(), "the move", every=0.1)
    consumer.commit(offsets=[TopicPartition(topic, 1, 10)], asynchronous=False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["1", "11"], "Offset 11 is not in {topic} 1; one from 4 (earliest) to 10 (latest) would be right."),
        (["1", "3"], "Offset 3 is not in {topic} 1; one from 4 (earliest) to 10 (latest) would be right."),
        (["2", "0"], "The topic {topic} has no partition 2; one of 0 to 1 would be right."),
    ],
)
def test_what_is_not_in_the_topic_is_rejected_with_what_would_be_right(
    kafka: Testbed, topic: str, group: str, arguments: list[str], sentence: str
) -> None:
    _delete_records(kafka, topic, 1, before=4)

    moved = run("set-offset", topic, *arguments, "--group", group)

    assert (moved.exit_code, moved.stdout) == (2, "")
    assert sentence.format(topic=topic) in moved.stderr
    assert committed(kafka, group, topic) == {}


def _delete_records(kafka: Testbed, topic: str, partition: int, *, before: int) -> None:
    at = TopicPartition(topic, partition, before)
    admin = AdminClient({**kafka.connection})
    deleted: DeletedRecords = admin.delete_records([at])[at].result(30)
    assert deleted.low_watermark == before


def test_records_of_an_open_transaction_are_beyond_the_latest_offset(kafka: Testbed, topic: str, group: str) -> None:
    with open_transaction(kafka, topic, 1):
        moved = run("set-offset", topic, "1", "latest", "--group", group, "--watch", "0")

    assert "set to 10;" in moved.stdout


@contextmanager
def open_transaction(kafka: Testbed, topic: str, partition: int) -> Iterator[None]:
    """Five records in a transaction that is open while the block lasts."""
    producer = Producer({**kafka.connection, "transactional.id": f"open-{uuid4()}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for _ in range(5):
        producer.produce(topic, b"open", partition=partition)
    assert producer.flush(30) == 0
    yield
    producer.abort_transaction(30)


def test_a_topic_that_does_not_exist_is_one_sentence(group: str) -> None:
    moved = run("set-offset", "nowhere", "0", "0", "--group", group)

    assert (moved.exit_code, moved.stdout) == (2, "")
    assert "The topic nowhere cannot be read: Broker: Unknown topic or partition." in moved.stderr


def test_status_shows_every_partition_with_lag_and_owner(kafka: Testbed, topic: str, group: str) -> None:
    with member(kafka, group, topic, "consumer") as consumer, open_transaction(kafka, topic, 0):
        consumer.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)

        shown = run("status", "--group", group)
        lines = [json.loads(line) for line in run("status", "--group", group, "--json").stdout.splitlines()]

    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0] == f"Group {group}: stable, members: 1."
    table = [line.split() for line in shown.stdout.splitlines()[2:]]
    ages = [int(line.pop(5)) for line in table]
    assert table == [
        [topic, "0", "4", "10", "6", "the-member", "at", "127.0.0.1"],
        [topic, "1", "-", "10", "10", "the-member", "at", "127.0.0.1", "no", "committed", "offset"],
    ]
    assert min(ages) >= 3_000, "the age of the first record that is left"
    assert [line["lag_seconds"] >= 3_000 for line in lines] == [True, True]
    assert [line["lag"] for line in lines] == [6, 10]
    assert [line["state"] for line in lines] == ["in_topic", "missing"]
    assert {line["owner"]["client"] for line in lines} == {"the-member"}
    assert {line["topic_id"] for line in lines} == {topic_id(kafka, topic)}


def test_status_tells_offsets_that_are_not_in_the_topic_or_of_an_earlier_one(
    kafka: Testbed, topic: str, group: str
) -> None:
    consumer = Consumer({**kafka.connection, "group.id": group})
    offsets = [TopicPartition(topic, 0, 2), TopicPartition(topic, 1, 5, "topic-id=Et3Unhz3RMmjNSwh3ue91g")]
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()
    _delete_records(kafka, topic, 0, before=4)

    shown = run("status", "--group", group)
    lines = [json.loads(line) for line in run("status", "--group", group, "--json").stdout.splitlines()]

    assert "not in the topic, which holds 4 to 10" in shown.stdout
    assert "committed for an earlier topic of this name" in shown.stdout
    assert [(line["state"], line["lag"], line["owner"]) for line in lines] == [
        ("out_of_range", 6, None),
        ("of_another_topic", 10, None),
    ]
    assert lines[1]["committed_topic_id"] == "Et3Unhz3RMmjNSwh3ue91g"


def test_status_of_the_workers_group_shows_its_topic_before_there_is_an_offset(
    topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTZONE_GROUP_ID", group)
    monkeypatch.setenv("HEARTZONE_TOPIC_BIOMETRICS", topic)

    lines = [json.loads(line) for line in run("status", "--json").stdout.splitlines()]

    assert [(line["partition"], line["committed"], line["lag"]) for line in lines] == [(0, None, 10), (1, None, 10)]


def test_status_of_a_group_of_which_there_is_nothing_is_one_sentence(group: str) -> None:
    shown = run("status", "--group", group)

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert f"The group {group} has no members and no committed offsets." in shown.stderr


@pytest.mark.parametrize(
    "command", [lambda: run("status"), lambda: run("set-offset", "t", "0", "0")], ids=["status", "set-offset"]
)
def test_without_a_broker_both_say_so(command: Callable[[], Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    result = command()

    assert (result.exit_code, result.stdout) == (2, "")
    assert "(Kafka at 127.0.0.1:1, from HEARTZONE_KAFKA_BOOTSTRAP_SERVERS)" in result.stderr


@pytest.mark.parametrize("group_protocol", ["classic", "consumer"])
def test_it_is_the_way_back_for_a_partition_that_a_worker_has_halted(
    kafka: Testbed, topic: str, group: str, group_protocol: str
) -> None:
    (target,) = kafka.create_topics("out")
    kafka.set_group_offset(group, topic, 1_000)
    journal = Journal()
    worker = worker_on(kafka, topic, copy_to(target), group_id=group, observer=journal, group_protocol=group_protocol)
    with running(worker) as failures:
        eventually(lambda: len(kafka.read(target)) == 10, "the other partition")
        eventually(lambda: journal.halts, "the partition to be halted")

        outcome = run("set-offset", topic, "0", "4", "--group", group, "--watch", "0")

        assert outcome.exit_code == 0, outcome.output
        eventually(lambda: len(kafka.read(target)) == 16, "the six records from there on")
        assert journal.halts == {}
    assert failures == []
