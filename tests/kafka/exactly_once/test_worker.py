"""The exactly-once engine on a real broker."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Producer

from embedded_kafka import EmbeddedKafka
from exactly_once import (
    BatchLimits,
    FencedError,
    InputRecord,
    OutputRecord,
    PoisonRecord,
    Unavailable,
    Worker,
    WorkerConfig,
)
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import Make, copy_to
from heartzone_testing.waiting import eventually

both_protocols = pytest.mark.parametrize("group_protocol", ["classic", "consumer"])


@both_protocols
def test_a_group_without_offsets_starts_at_the_earliest_record_and_commits_behind_the_last(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, b"a", b"b", b"c")
    worker = make(source, copy_to(target))

    with running(worker):
        eventually(lambda: kafka.values(target) == [b"a", b"b", b"c"], "three outputs in order")

    assert kafka.group_offsets(worker.config.group_id, source) == {0: 3}


def test_one_record_may_give_none_or_many_and_all_of_them_keep_key_headers_and_order(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")

    def repeat(record: InputRecord) -> list[OutputRecord]:
        count = int(record.value() or b"0")
        return [OutputRecord(target, b"%d/%d" % (n, count), b"key", [("n", b"%d" % n)]) for n in range(count)]

    kafka.send(source, b"0", b"2", b"0", b"1")
    with running(make(source, repeat)):
        eventually(lambda: len(kafka.read(target)) == 3, "three outputs")

    found = kafka.read(target)
    assert [message.value() for message in found] == [b"0/2", b"1/2", b"0/1"]
    assert [(message.key(), message.headers()) for message in found] == [
        (b"key", [("n", b"0")]),
        (b"key", [("n", b"1")]),
        (b"key", [("n", b"0")]),
    ]


def test_a_poison_record_goes_to_the_dead_letters_and_the_others_are_processed(kafka: Testbed, make: Make) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead")
    journal = Journal()

    def choosy(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"bad":
            raise PoisonRecord("bad_value", "the value is bad; good was expected")
        return [OutputRecord(target, record.value())]

    kafka.send(source, b"good", b"bad", b"good too")
    worker = make(source, choosy, observer=journal, dead_letter_topic=dead, dead_letter_header_prefix="t.")
    with running(worker):
        eventually(lambda: len(kafka.read(target)) == 2, "the good records")

    [letter] = kafka.read(dead)
    assert letter.value() == b"bad"
    headers = dict(letter.headers() or ())
    assert headers.pop("t.time")
    assert headers == {
        "t.topic": source.encode(),
        "t.partition": b"0",
        "t.offset": b"1",
        "t.reason": b"bad_value",
        "t.detail": b"the value is bad; good was expected",
        "t.worker": worker.config.transactional_id.encode(),
    }
    assert journal.dead == {"bad_value": 1}


def test_a_generator_that_finds_poison_half_way_leaves_nothing_of_the_record_in_the_output(
    kafka: Testbed, make: Make
) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead")

    def half(record: InputRecord) -> Any:
        yield OutputRecord(target, b"first half")
        raise PoisonRecord("torn", "the second half is missing")

    kafka.send(source, b"torn")
    with running(make(source, half, dead_letter_topic=dead)):
        eventually(lambda: len(kafka.read(dead)) == 1, "the dead letter")

    assert kafka.read(target) == []


def test_a_record_that_lacks_something_is_tried_again_and_each_output_is_there_once(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    journal, failures = Journal(), [3]

    def flaky(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"c" and failures[0]:
            failures[0] -= 1
            raise Unavailable("lookup_unavailable")
        return [OutputRecord(target, record.value())]

    kafka.send(source, b"a", b"b", b"c", b"d")
    with running(make(source, flaky, observer=journal)):
        eventually(lambda: len(kafka.read(target)) >= 4, "all four")

    assert kafka.values(target) == [b"a", b"b", b"c", b"d"]
    assert journal.aborts == []
    assert ((source, 0), "lookup_unavailable") in journal.waits


def test_an_output_that_the_client_rejects_sends_its_record_to_the_dead_letters(kafka: Testbed, make: Make) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead")

    def inflate(record: InputRecord) -> list[OutputRecord]:
        size = 2_000_000 if record.value() == b"big" else 10
        return [OutputRecord(target, b"before"), OutputRecord(target, b"x" * size)]

    kafka.send(source, b"small", b"big", b"small")
    with running(make(source, inflate, dead_letter_topic=dead)):
        eventually(lambda: len(kafka.read(target)) == 4, "the outputs of the small ones")

    [letter] = kafka.read(dead)
    assert letter.value() == b"big"
    assert dict(letter.headers() or ())["dlq.reason"] == b"unproducible"


def test_limits_cut_a_backlog_into_transactions(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    journal = Journal()
    kafka.send(source, *(b"%d" % n for n in range(100)))

    limits = BatchLimits(max_records=1000, max_bytes=20)
    with running(make(source, copy_to(target), observer=journal, limits=limits)):
        eventually(lambda: len(kafka.read(target)) == 100, "all outputs")

    assert len(journal.transactions) >= 9
    assert sum(journal.transactions) == 100


@both_protocols
def test_two_workers_share_the_partitions_and_nothing_is_lost_or_doubled_while_they_come_and_go(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out", partitions=6)
    group = f"group-{uuid.uuid4().hex[:8]}"
    first, second = Journal(), Journal()
    expected = [b"%d" % n for n in range(3000)]

    with running(make(source, copy_to(target), observer=first, group_id=group)):
        kafka.send(source, *((value, value) for value in expected[:1000]))
        with running(make(source, copy_to(target), observer=second, group_id=group)):
            kafka.send(source, *((value, value) for value in expected[1000:2000]))
            eventually(lambda: len(first.assigned) == len(second.assigned) == 3, "three partitions each")
            kafka.send(source, *((value, value) for value in expected[2000:]))
            eventually(lambda: len(kafka.read(target)) >= 3000, "all outputs")
        eventually(lambda: len(first.assigned) == 6, "the first takes over")

    assert sorted(kafka.values(target), key=lambda value: int(value or b"0")) == expected


def test_two_processes_with_one_transactional_id_end_in_a_sentence_and_not_in_double_outputs(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")
    worker = make(source, copy_to(target), max_rebuilds=2)
    twin = {**kafka.connection, "transactional.id": worker.config.transactional_id}

    def written(count: int, failures: list[BaseException]) -> bool:
        return bool(failures) or len(kafka.read(target)) >= count

    sent = 0
    with running(worker) as failures:
        while not failures:
            kafka.send(source, b"%d" % sent)
            sent += 1
            eventually(partial(written, sent, failures), "this one's output, or the end")
            with Producer(twin) as other:
                other.init_transactions(30)

    assert isinstance(failures[0], FencedError)
    assert f"another process uses transactional id {worker.config.transactional_id}" in str(failures[0])
    found = kafka.values(target)
    assert found == [b"%d" % n for n in range(len(found))]


def test_the_lag_is_true_under_a_backlog_and_zero_when_idle_behind_control_records(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    writer = Producer({**kafka.connection, "transactional.id": f"writer-{uuid.uuid4()}"})
    writer.init_transactions(30)
    for _ in range(3):
        writer.begin_transaction()
        writer.produce(source, b"x")
        writer.commit_transaction(30)
    writer.close()
    journal, held = Journal(), [True]

    def hold(record: InputRecord) -> list[OutputRecord]:
        if held[0]:
            raise Unavailable("held")
        return [OutputRecord(target, record.value())]

    with running(make(source, hold, observer=journal)):
        eventually(lambda: any(lag.get((source, 0), 0) >= 3 for lag in journal.lags), "the lag of a backlog")
        held[0] = False
        eventually(lambda: journal.lags[-1] == {(source, 0): 0}, "a lag of 0")

    assert len(kafka.read(target)) == 3


def test_statistics_callbacks_that_fail_lose_no_record(kafka: Testbed, make: Make) -> None:
    """An exception out of a callback would destroy the records which the same consume() had fetched."""
    source, target = kafka.create_topics("in", "out")
    documents: list[str] = []

    def fail(document: str) -> None:
        documents.append(document)
        raise RuntimeError("no statistics today")

    with running(make(source, copy_to(target), on_consumer_statistics=fail, on_producer_statistics=fail)):
        for start in range(0, 500, 50):
            kafka.send(source, *(b"%d" % n for n in range(start, start + 50)))
        eventually(lambda: len(kafka.read(target)) >= 500, "all outputs")
        eventually(lambda: len(documents) >= 5, "statistics")

    assert kafka.values(target) == [b"%d" % n for n in range(500)]


def test_a_worker_stops_when_asked_although_the_broker_is_unavailable_and_goes_on_when_it_is_back(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    cluster = embedded_kafka_factory()
    kafka = Testbed(cluster.client_config())
    source, target = kafka.create_topics("in", "out")

    def worker() -> Worker:
        config = WorkerConfig(
            input_topics=[source],
            group_id="group",
            transactional_id="group-0",
            connection=kafka.connection,
            consumer={"session.timeout.ms": 6000},
        )
        return Worker(config, copy_to(target), watchdog=None)

    kafka.send(source, b"a")
    with running(worker()) as failures:
        eventually(lambda: kafka.values(target) == [b"a"], "the first record")
        cluster.nodes[0].kill()
    assert failures == []

    with running(worker()) as failures:
        cluster.nodes[0].start()
        kafka.send(source, b"b")
        eventually(lambda: kafka.values(target) == [b"a", b"b"], "the second record, and the first not again")
    assert failures == []


def test_a_wrong_security_protocol_is_told_by_the_reason_for_which_the_worker_waits(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    worker = make(source, copy_to(target), connection={**kafka.connection, "security.protocol": "SSL"})

    with running(worker) as failures:
        eventually(lambda: "connecting to a PLAINTEXT broker listener?" in (worker.unready_reason or ""), "the cause")

    assert failures == []
