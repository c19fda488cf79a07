"""Commits of unknown outcome, and claims of the transactional id, while partitions come and go and topics vanish.

The broker is reached through a proxy, which holds what is to be slow and cuts what is to be lost.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import EmbeddedKafka
from exactly_once import BatchLimits, InputRecord, OutputRecord, StopFlag, Unavailable, Worker
from exactly_once.clients import consumer_session
from exactly_once.clients.consumer_session import ConsumerSession
from heartzone_testing.brokers.frame_proxy import END_TXN, FETCH, OFFSET_FETCH, FrameProxy, Hold
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrameProxy]:
    """In front of a broker that advertises it."""
    port = free_port()
    with FrameProxy(port) as proxy:
        properties = {
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}",
            "group.min.session.timeout.ms": "500",
        }
        logs = tmp_path_factory.mktemp("settling")
        with EmbeddedKafka(port=port, broker_properties=properties, jvm="startup", log_dir=logs):
            yield proxy


@pytest.fixture(scope="module")
def kafka(proxy: FrameProxy) -> Testbed:
    """The broker, with coordinators that have started: until then some transactions are aborted."""
    kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, b"first")
    with running(worker_on(kafka, source, copy_to(target))):
        eventually(lambda: kafka.values(target), "the first output", 180, every=0.5)
    return kafka


@pytest.mark.parametrize(
    ("fate", "committed"),
    [("deleted", True), ("made-anew", False)],
    ids=["deleted-committed", "made-anew-not-committed"],
)
def test_a_topic_that_vanishes_while_a_commit_is_settled_neither_holds_up_nor_hides_what_became_of_the_others(
    kafka: Testbed, proxy: FrameProxy, fate: str, committed: bool
) -> None:
    """Its offsets vanish with it, and show nothing any more of the commit that they were part of."""
    busy, other, target = kafka.create_topics("busy", "other", "out")
    journal = Journal()
    together: dict[int, set[str | None]] = {}
    holds: list[Hold] = []

    def copy_and_hold_a_commit_of_both(record: InputRecord) -> list[OutputRecord]:
        topics = together.setdefault(len(journal.transactions), set())
        topics.add(record.topic())
        if len(topics) == 2 and not holds:
            holds.append(proxy.hold_next(END_TXN, response=committed))
        return [OutputRecord(target, record.value())]

    worker = worker_on(
        kafka,
        busy,
        copy_and_hold_a_commit_of_both,
        input_topics=[busy, other],
        observer=journal,
        transaction_timeout=60.0,
    )
    sent: list[bytes] = []

    def both_are_in_one_transaction() -> bool:
        sent.append(b"%d" % len(sent))
        producer.produce(busy, sent[-1])
        producer.produce(other, b"other")
        producer.flush(10)
        return bool(holds)

    with running(worker) as failures, Producer({**kafka.connection}) as producer:
        eventually(both_are_in_one_transaction, "a transaction with records of both topics", every=0.2)
        assert holds[0].reached.wait(30)
        aborts = list(journal.aborts)
        kafka.delete_topic(other) if fate == "deleted" else kafka.recreate_topic(other)
        kafka.fence(worker.config.transactional_id)
        holds[0].cut()
        kafka.send(busy, b"later")
        eventually(lambda: failures or b"later" in kafka.values(target), "the other topic to go on", 25, every=0.5)

    assert failures == []
    outputs = kafka.values(target)
    assert [value for value in outputs if value != b"other"] == [*sent, b"later"]
    assert sum(journal.transactions) == len(outputs)
    assert len(journal.aborts) - len(aborts) == (0 if committed else 1), journal.aborts


def test_a_commit_counts_as_what_it_was_however_long_the_brokers_do_not_say(
    kafka: Testbed, proxy: FrameProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One consumer after the other asks them: a client that has lost every broker may never connect again."""
    monkeypatch.setattr(consumer_session, "SETTLE_TIMEOUT", 0.5)
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, b"before")
    journal = Journal()
    worker = worker_on(kafka, source, copy_to(target), observer=journal, transaction_timeout=60.0)
    with running(worker) as failures:
        eventually(lambda: journal.transactions, "the first commit")
        aborts, joined = list(journal.aborts), journal.joined
        hold = proxy.hold_next(END_TXN, response=True)
        kafka.send(source, b"unknown")
        assert hold.reached.wait(30)
        proxy.withheld = frozenset({OFFSET_FETCH})
        try:
            kafka.fence(worker.config.transactional_id)
            hold.cut()
            eventually(lambda: failures or journal.joined >= joined + 2, "two more consumers", every=0.2)
        finally:
            proxy.withheld = frozenset()
            proxy.disconnect()
        kafka.send(source, b"later")
        eventually(lambda: failures or sum(journal.transactions) == 3, "the last commit", every=0.2)

    assert failures == []
    assert kafka.values(target) == [b"before", b"unknown", b"later"]
    assert journal.aborts == aborts


@pytest.mark.parametrize("later", [(), (b"later",)], ids=["its end", "a later record"])
def test_what_arrives_while_a_partition_is_being_set_aside_does_not_pass_the_records_before_it(
    kafka: Testbed, proxy: FrameProxy, later: tuple[bytes, ...]
) -> None:
    """librdkafka has it in its queue still when the partition goes on, at once and at an earlier offset."""
    source, target = kafka.create_topics("in", "out")
    kafka.send(source, b"first", b"second")
    lacking: list[bool] = []

    def copy_once_it_lacks_nothing(record: InputRecord) -> list[OutputRecord]:
        if not lacking:
            lacking.append(True)
            kafka.send(source, *later)
            fetches = proxy.requests.count(FETCH)
            # The response to the first of these is in the queue when the second is requested.
            eventually(lambda: proxy.requests.count(FETCH) >= fetches + 2, "the end of the partition")
            raise Unavailable("lookup_pending", ready=lambda: True)
        return [OutputRecord(target, record.value())]

    with running(worker_on(kafka, source, copy_once_it_lacks_nothing)) as failures:
        wanted = [b"first", b"second", *later]
        eventually(lambda: failures or len(kafka.values(target)) >= len(wanted), "all outputs", 20, every=0.5)
        assert kafka.values(target) == wanted
    assert failures == []


class LongClaim:
    """A worker that claims its id for as long as one of its output topics is missing, and another that comes and goes.

    The first reads two partitions of ``source`` to ``target``, one record a transaction.
    """

    def __init__(self, kafka: Testbed, proxy: FrameProxy) -> None:
        self.kafka = kafka
        self.source, self.late = kafka.create_topics("in", "late", partitions=2)
        [self.target] = kafka.create_topics("out")
        self.journal = Journal()
        self.on_record: Callable[[InputRecord], None] = lambda record: None
        self.worker = self._worker(output_topics=[self.target, self.late], observer=self.journal)

    def send(self, partition: int, *values: bytes) -> None:
        self.kafka.send(self.source, *values, partition=partition)

    def begin(self) -> None:
        """From now on a claim waits."""
        self.kafka.delete_topic(self.late)
        admin = AdminClient({**self.kafka.connection})
        eventually(lambda: self.late not in admin.list_topics(timeout=10).topics, "the topic to be gone")

    def wait(self) -> None:
        eventually(lambda: f"topic {self.late} does not exist" in (self.worker.unready_reason or ""), "a claim")

    def let_another_member_come_and_go(self, *expected: bytes) -> None:
        """It joins, processes one of the partitions up to these values, and leaves."""
        other = Journal()
        with running(self._worker(observer=other)) as failures:
            eventually(lambda: failures or other.assigned, "a partition for the other member")
            [(_, partition)] = other.assigned
            self.send(partition, *expected)
            eventually(lambda: failures or {*expected} <= {*self.kafka.values(self.target)}, "its outputs", every=0.5)
        assert failures == []
        eventually(lambda: len(self.journal.assigned) == 2, "the partition to come back")

    def end(self) -> None:
        admin = AdminClient({**self.kafka.connection})
        admin.create_topics([NewTopic(self.late, 1, 1)])[self.late].result()
        eventually(lambda: self.worker.unready_reason is None, "the end of the claim")

    def _worker(self, **options: Any) -> Worker:
        def transform(record: InputRecord) -> list[OutputRecord]:
            self.on_record(record)
            return [OutputRecord(self.target, record.value())]

        return worker_on(
            self.kafka,
            self.source,
            transform,
            group_id=f"group-of-{self.source}",
            limits=BatchLimits(max_age=0.000001),
            transaction_timeout=60.0,
            **options,
        )


FIRST = [(0, b"a%d" % n) for n in range(5)] + [(1, b"b%d" % n) for n in range(5)]


@pytest.fixture
def claim(kafka: Testbed, proxy: FrameProxy) -> LongClaim:
    return LongClaim(kafka, proxy)


def each_record_is_processed_once(claim: LongClaim, failures: list[BaseException]) -> None:
    """Those that the worker had begun with, those of another member during the claim, and those behind it."""
    claim.wait()
    claim.let_another_member_come_and_go(b"meanwhile")
    claim.end()
    claim.send(0, b"c")
    claim.send(1, b"d")
    eventually(lambda: failures or {b"c", b"d"} <= {*claim.kafka.values(claim.target)}, "all records", every=0.5)
    assert Counter(claim.kafka.values(claim.target)) == Counter([*(v for _, v in FIRST), b"meanwhile", b"c", b"d"])


def test_records_at_hand_are_dropped_where_another_member_had_their_partition_during_a_claim(
    claim: LongClaim, proxy: FrameProxy
) -> None:
    begun: list[bool] = []

    def suspect(record: InputRecord) -> None:
        if not begun:
            begun.append(True)
            claim.begin()
            proxy.cut_at_next(END_TXN)

    claim.on_record = suspect
    for partition, value in FIRST:
        claim.send(partition, value)
    with running(claim.worker) as failures:
        each_record_is_processed_once(claim, failures)
    assert failures == []
    assert claim.journal.rebuilds == ["disconnected_while_ending_a_transaction"]


def test_a_commit_is_settled_where_another_member_had_the_partition_during_the_claim(
    claim: LongClaim, proxy: FrameProxy
) -> None:
    holds: list[Hold] = []

    def hold(record: InputRecord) -> None:
        if not holds:
            claim.begin()
            holds.append(proxy.hold_next(END_TXN, response=True))

    claim.on_record = hold
    for partition, value in FIRST:
        claim.send(partition, value)
    with running(claim.worker) as failures:
        eventually(lambda: holds and holds[0].reached.is_set(), "the commit")
        claim.kafka.fence(claim.worker.config.transactional_id)
        holds[0].cut()
        each_record_is_processed_once(claim, failures)
    assert failures == []
    assert claim.journal.aborts == []


def test_an_idle_worker_commits_no_position_of_a_partition_that_another_member_had_during_the_claim(
    claim: LongClaim, proxy: FrameProxy
) -> None:
    begun: list[bool] = []

    def suspect(record: InputRecord) -> None:
        if record.value() == b"last" and not begun:
            begun.append(True)
            claim.begin()
            proxy.cut_at_next(END_TXN)

    claim.on_record = suspect
    writer = Producer({**claim.kafka.connection, "transactional.id": claim.source})
    writer.init_transactions(30)
    writer.begin_transaction()
    for partition in (0, 1):
        writer.produce(claim.source, b"last", partition=partition)
    with running(claim.worker) as failures:
        eventually(lambda: len(claim.journal.assigned) == 2, "both partitions")
        writer.commit_transaction(30)
        claim.wait()
        claim.let_another_member_come_and_go(b"meanwhile")
        claim.end()
        eventually(
            lambda: (
                claim.kafka.group_offsets(claim.worker.config.group_id, claim.source, 2)
                == {number: claim.kafka.end_offset(claim.source, number) for number in (0, 1)}
            ),
            "the ends to be committed",
            every=0.5,
        )
    assert failures == []
    assert Counter(claim.kafka.values(claim.target)) == Counter([b"last", b"last", b"meanwhile"])


def test_a_member_that_is_lost_while_its_partition_is_set_aside_goes_on_with_what_it_is_given_then(
    kafka: Testbed,
) -> None:
    """The rebalance is queued: what is told librdkafka before its callback is served would end it."""
    [source], [target] = kafka.create_topics("in", partitions=2), kafka.create_topics("out")
    first, second = Journal(), Journal()
    lacks, is_there, lost = threading.Event(), threading.Event(), threading.Event()

    def lack(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"lacking" and not is_there.is_set():
            lacks.set()
            assert lost.wait(60)
            raise Unavailable("side_knowledge", ready=is_there.is_set)
        return [OutputRecord(target, record.value())]

    poll_soon = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 300, "max.poll.interval.ms": 2000}
    worker = worker_on(kafka, source, lack, observer=first, consumer=poll_soon)
    kafka.send(source, b"lacking", partition=0)
    with running(worker) as failures:
        assert lacks.wait(60)
        with running(
            worker_on(kafka, source, copy_to(target), group_id=worker.config.group_id, observer=second)
        ) as others:
            eventually(lambda: failures or len(second.assigned) == 2, "the first member to be lost")
            eventually(lambda: kafka.values(target) == [b"lacking"], "its record, from the second", every=0.5)
            lost.set()
            eventually(lambda: failures or len(second.assigned) == 1, "the first to be back")
        is_there.set()
        eventually(lambda: failures or len(first.assigned) == 2, "both partitions again")
        kafka.send(source, b"0", partition=0)
        kafka.send(source, b"1", partition=1)
        eventually(lambda: failures or len(kafka.read(target)) >= 3, "the new records", every=0.5)
        assert worker.set_aside == {}
    assert failures == others == []
    assert Counter(kafka.values(target)) == Counter([b"lacking", b"0", b"1"])


def test_what_is_remembered_of_partitions_ends_with_the_consumer_that_had_them(kafka: Testbed) -> None:
    """The next one may find another topic at the same offsets, and that a record was rejected would concern another."""
    [source] = kafka.create_topics("in", partitions=2)
    journal = Journal()
    config = worker_on(kafka, source, copy_to(source)).config
    session = ConsumerSession(lambda: config, journal, StopFlag())

    def has_partitions() -> bool:
        session.consumer.fetch(records=1, size=1, wait=0.1)
        return len(journal.assigned) == 2

    eventually(has_partitions, "the partitions")
    session.replace()

    assert sorted(session.take_restarted()) == [((source, 0), False), ((source, 1), False)]
    session.close()
