"""A partition that cannot go on is set aside alone: the others are processed, and it has a way back."""

import uuid
from collections import Counter
from collections.abc import Sequence

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from exactly_once import (
    AbortReason,
    BatchLimits,
    BreakerPolicy,
    HaltReason,
    InputRecord,
    OutOfRange,
    OutputRecord,
    PoisonRecord,
    Scope,
    Unavailable,
    move_offset,
)
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import Make, copy_to
from heartzone_testing.waiting import eventually

both_protocols = pytest.mark.parametrize("group_protocol", ["classic", "consumer"])


@both_protocols
def test_a_committed_offset_that_is_gone_halts_its_partition_alone_until_it_is_moved(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out", partitions=3)
    journal = Journal()
    worker = make(source, copy_to(target), observer=journal)
    group = worker.config.group_id
    kafka.set_group_offset(group, source, 10_000)
    for partition in range(3):
        kafka.send(source, b"p%d" % partition, partition=partition)

    with running(worker) as failures:
        eventually(lambda: Counter(kafka.values(target)) == Counter([b"p1", b"p2"]), "the two healthy partitions")
        eventually(lambda: journal.halts, "the halted one")
        reason, detail = journal.halts[source, 0]
        assert reason is HaltReason.OFFSET_OUT_OF_RANGE
        assert "the committed offset 10000 is not in the topic, which holds 0 to 1" in detail
        assert worker.unready_reason is None
        assert worker.set_aside == {(source, 0): "offset_out_of_range"}

        move_offset(kafka.connection, group, source, 0, 0)
        eventually(
            lambda: Counter(kafka.values(target)) == Counter([b"p0", b"p1", b"p2"]), "the partition that was halted"
        )
        assert worker.set_aside == {} == journal.halts

    assert failures == []


@pytest.mark.parametrize(("policy", "expected"), [(OutOfRange.EARLIEST, [b"a", b"b"]), (OutOfRange.LATEST, [b"b"])])
def test_a_policy_may_say_where_to_go_on_when_an_offset_is_gone(
    kafka: Testbed, make: Make, policy: OutOfRange, expected: Sequence[bytes]
) -> None:
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, b"a")
    worker = make(source, copy_to(target), offset_out_of_range=policy)
    kafka.set_group_offset(worker.config.group_id, source, 10_000)

    with running(worker):
        eventually(lambda: worker.unready_reason is None, "the worker to be ready")
        eventually(
            lambda: kafka.group_offsets(worker.config.group_id, source)[0] in (0, 1), "the start to be committed"
        )
        kafka.send(source, b"b")
        eventually(lambda: kafka.values(target) == expected, "the outputs")


@both_protocols
def test_poison_without_a_dead_letter_topic_halts_its_partition_alone(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out", partitions=2)
    journal = Journal()

    def choosy(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"bad":
            raise PoisonRecord("bad", "no good")
        return [OutputRecord(target, record.value(), partition_of(record))]

    def partition_of(record: InputRecord) -> bytes:
        return b"%d" % (record.partition() or 0)

    kafka.send(source, b"a", b"bad", b"b", partition=0)
    kafka.send(source, b"c", b"d", partition=1)
    worker = make(source, choosy, observer=journal)
    with running(worker) as failures:
        eventually(lambda: Counter(kafka.values(target)) == Counter([b"a", b"c", b"d"]), "what can be processed")
        eventually(lambda: journal.halts, "the halted partition")
        reason, detail = journal.halts[source, 0]
        assert reason is HaltReason.DEAD_LETTER_IMPOSSIBLE
        assert detail == "offset 1 cannot be processed (no good), and there is no dead-letter topic"
        kafka.send(source, b"e", partition=1)
        eventually(lambda: b"e" in kafka.values(target), "the other partition to go on")

        move_offset(kafka.connection, worker.config.group_id, source, 0, 2)
        eventually(lambda: b"b" in kafka.values(target), "the partition to go on behind the record")
    assert failures == []
    assert Counter(kafka.values(target)) == Counter([b"a", b"b", b"c", b"d", b"e"])


@both_protocols
def test_a_record_that_lacks_something_holds_its_partition_alone_and_once(kafka: Testbed, make: Make) -> None:
    (source,), (target,) = kafka.create_topics("in", partitions=2), kafka.create_topics("out")
    there, transformed = [False], list[bytes | None]()

    def transform(record: InputRecord) -> list[OutputRecord]:
        transformed.append(record.value())
        if record.value() == b"lacking" and not there[0]:
            raise Unavailable("side_knowledge", ready=lambda: there[0])
        return [OutputRecord(target, record.value())]

    kafka.send(source, b"first", b"lacking", b"behind", partition=0)
    kafka.send(source, *(b"%d" % n for n in range(50)), partition=1)
    journal = Journal()
    worker = make(source, transform, observer=journal)
    with running(worker):
        eventually(lambda: len(kafka.read(target)) == 51, "all before it, and the other partition")
        assert worker.set_aside == {(source, 0): "side_knowledge"}
        assert worker.unready_reason is None
        kafka.send(source, b"more", partition=1)
        eventually(lambda: b"more" in kafka.values(target), "the other partition to go on")
        assert transformed.count(b"behind") == 0
        there[0] = True
        eventually(lambda: len(kafka.read(target)) == 54, "the partition to go on")

    from_zero = [value for value in kafka.values(target) if value in (b"first", b"lacking", b"behind")]
    assert from_zero == [b"first", b"lacking", b"behind"]
    assert transformed.count(b"behind") == transformed.count(b"first") == transformed.count(b"7") == 1
    assert journal.aborts == []


def test_what_the_records_behind_one_lack_can_be_looked_up_at_once(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    known: set[bytes | None] = set()
    rounds: list[int] = []

    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.value() not in known:
            raise Unavailable("not_known")
        return [OutputRecord(target, record.value())]

    def look_ahead(records: Sequence[InputRecord]) -> None:
        rounds.append(len(records))
        known.update(record.value() for record in records)

    kafka.send(source, *(b"%d" % n for n in range(200)))
    with running(make(source, transform, look_ahead=look_ahead)):
        eventually(lambda: len(kafka.read(target)) == 200, "all outputs")

    assert len(rounds) <= 3
    assert kafka.values(target) == [b"%d" % n for n in range(200)]


def test_when_nothing_at_all_can_be_processed_the_worker_says_so_and_has_committed_what_came_before(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")
    broken = [True]

    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"b" and broken[0]:
            raise Unavailable("database_down", scope=Scope.EVERYTHING)
        return [OutputRecord(target, record.value())]

    kafka.send(source, b"a", b"b", b"c")
    worker = make(source, transform)
    with running(worker):
        eventually(lambda: worker.unready_reason == "database_down", "the reason")
        assert kafka.values(target) == [b"a"]
        broken[0] = False
        eventually(lambda: kafka.values(target) == [b"a", b"b", b"c"], "the rest")
        eventually(lambda: worker.unready_reason is None, "the worker to be ready")


@both_protocols
def test_a_partition_of_which_too_much_would_become_dead_letters_pauses_alone_and_goes_on_by_itself(
    kafka: Testbed, make: Make
) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead", partitions=2)
    journal, broken = Journal(), [True]

    def transform(record: InputRecord) -> list[OutputRecord]:
        if broken[0] and record.partition() == 0:
            raise PoisonRecord("misread", "it looks wrong")
        return [OutputRecord(target, record.value())]

    kafka.send(source, *(b"a%d" % n for n in range(300)), partition=0)
    kafka.send(source, *(b"b%d" % n for n in range(300)), partition=1)
    policy = BreakerPolicy(max_share=0.5, window=60, min_dead_letters=50)
    worker = make(source, transform, observer=journal, dead_letter_topic=dead, breaker=policy)
    with running(worker):
        eventually(lambda: len(kafka.read(target)) == 300, "the other partition")
        eventually(lambda: journal.halts, "the partition to be halted")
        reason, detail = journal.halts[source, 0]
        assert reason is HaltReason.TOO_MANY_DEAD_LETTERS
        assert "would become dead letters: misread" in detail
        assert worker.unready_reason is None
        broken[0] = False
        eventually(lambda: len(kafka.read(target)) == 600, "the partition to go on by itself")
        assert journal.halts == {}

    assert len(kafka.read(dead)) < 50


def test_partitions_that_pause_one_after_the_other_keep_the_worker_from_nothing(kafka: Testbed, make: Make) -> None:
    """Each costs an abort. That is no fault which takes time: the others go on at once, and the worker stays ready."""
    source, target, dead = kafka.create_topics("in", "out", "dead", partitions=4)
    journal = Journal()

    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.partition() == 3:
            return [OutputRecord(target, record.value())]
        raise PoisonRecord("misread", "it looks wrong")

    for partition in range(3):
        kafka.send(source, *(b"%d" % n for n in range(100)), partition=partition)
    policy = BreakerPolicy(max_share=0.5, window=60, min_dead_letters=50)
    limits = BatchLimits(max_records=100)  # of one partition at a time
    worker = make(source, transform, observer=journal, dead_letter_topic=dead, breaker=policy, limits=limits)
    with running(worker) as failures:
        eventually(lambda: len(journal.halts) == 3, "all three to be halted")
        eventually(lambda: journal.aborts.count(AbortReason.TOO_MANY_DEAD_LETTERS) > 5, "each to be tried again")
        kafka.send(source, b"good", partition=3)
        eventually(lambda: kafka.values(target) == [b"good"], "the other partition")
    assert AbortReason.TOO_MANY_DEAD_LETTERS not in journal.worker_waits
    assert failures == []


def test_a_person_may_say_that_a_paused_partition_goes_on_although_its_records_are_poison(
    kafka: Testbed, make: Make
) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead")
    journal = Journal()

    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"bad":
            raise PoisonRecord("bad", "it is poison indeed")
        return [OutputRecord(target, record.value())]

    kafka.send(source, b"good", *[b"bad"] * 200, b"good")
    policy = BreakerPolicy(max_share=0.5, window=60, min_dead_letters=50)
    worker = make(source, transform, observer=journal, dead_letter_topic=dead, breaker=policy)
    with running(worker):
        eventually(lambda: journal.halts, "the partition to be halted")
        _reason, detail = journal.halts[source, 0]
        at = int(detail.split("from offset ")[1].split()[0])
        move_offset(kafka.connection, worker.config.group_id, source, 0, at)
        eventually(lambda: len(kafka.read(dead)) == 200 and len(kafka.read(target)) == 2, "all to be processed")
        eventually(lambda: journal.halts == {}, "nothing to be halted")


def test_a_halted_partition_that_is_moved_past_its_last_record_is_not_halted_any_more(
    kafka: Testbed, make: Make
) -> None:
    """Nothing is processed behind the record that could show it, and nothing is left to commit."""
    source, target = kafka.create_topics("in", "out")
    journal = Journal()

    def choosy(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"bad":
            raise PoisonRecord("bad", "no good")
        return [OutputRecord(target, record.value())]

    kafka.send(source, b"good", b"bad")
    worker = make(source, choosy, observer=journal)
    with running(worker) as failures:
        eventually(lambda: journal.halts and kafka.values(target) == [b"good"], "the partition to be halted")
        move_offset(kafka.connection, worker.config.group_id, source, 0, 2)
        eventually(lambda: journal.halts == {} == worker.set_aside, "nothing to be halted", 30)
    assert failures == []


@both_protocols
def test_an_open_transaction_of_a_dead_worker_holds_only_its_partitions(kafka: Testbed, make: Make) -> None:
    """The survivor's own partitions go on while the offsets of those that it takes over are not stable."""
    source, target = kafka.create_topics("in", "out", partitions=2)
    survivor = make(source, copy_to(target))
    group = survivor.config.group_id
    dead = Producer({**kafka.connection, "transactional.id": f"dead-{uuid.uuid4()}", "transaction.timeout.ms": 20_000})
    dead.init_transactions(30)
    dead.begin_transaction()
    nobody = Consumer({**kafka.connection, "group.id": group})
    dead.send_offsets_to_transaction([TopicPartition(source, 0, 0)], nobody.consumer_group_metadata())

    with running(survivor):
        for n in range(3):
            kafka.send(source, b"own%d" % n, partition=1)
            eventually(lambda n=n: len(kafka.read(target)) == n + 1, "the partition that is not concerned")  # type: ignore[misc]
        kafka.send(source, b"taken over", partition=0)
        eventually(lambda: (source, 0) in survivor.set_aside, "the partition to wait")
        dead.abort_transaction(30)
        eventually(lambda: b"taken over" in kafka.values(target), "the partition that was taken over")
    nobody.close()
