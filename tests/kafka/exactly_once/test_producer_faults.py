"""The producer's side of the engine under faults that a real broker gives: fencing, lost connections, forgotten ids."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from embedded_kafka import EmbeddedKafka
from exactly_once import InputRecord, OutputRecord, PoisonRecord, Transform, Unavailable, Worker, WorkerConfig
from heartzone_testing.brokers.frame_proxy import ADD_OFFSETS_TO_TXN, END_TXN, FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually


def worker_on(kafka: Testbed, source: str, transform: Transform, journal: Journal, **overrides: Any) -> Worker:
    group = f"group-{uuid.uuid4().hex[:8]}"
    settings: dict[str, Any] = {
        "input_topics": [source],
        "group_id": group,
        "transactional_id": f"{group}-0",
        "connection": kafka.connection,
        "consumer": {"session.timeout.ms": 6000},
        "idle": 0.1,
        "lag_interval": 0.2,
    }
    return Worker(WorkerConfig(**{**settings, **overrides}), transform, observer=journal, watchdog=None)


def copy_to(topic: str) -> Transform:
    return lambda record: [OutputRecord(topic, record.value(), record.key())]


def test_a_producer_that_is_fenced_when_something_becomes_unavailable_is_rebuilt(kafka: Testbed) -> None:
    source, target = kafka.create_topics("in", "out")
    journal, faults = Journal(), [1]

    def fail_once(record: InputRecord) -> list[OutputRecord]:
        if faults and record.value() == b"b":
            faults.pop()
            eventually(lambda: kafka.read(target, isolation="read_uncommitted"), "the output of a, in the transaction")
            kafka.fence(worker.config.transactional_id)
            raise Unavailable("lookup_unavailable")
        return [OutputRecord(target, record.value())]

    worker = worker_on(kafka, source, fail_once, journal)
    kafka.send(source, b"a", b"b", b"c")
    with running(worker) as failures:
        eventually(lambda: failures or len(kafka.read(target)) >= 3, "all outputs")

    assert failures == []
    assert kafka.values(target) == [b"a", b"b", b"c"]
    assert len(journal.rebuilds) == 1


def test_a_producer_that_is_fenced_before_its_queue_is_full_is_rebuilt(kafka: Testbed) -> None:
    source, target = kafka.create_topics("in", "out")
    journal, faults = Journal(), [1]

    def fill_the_queue(record: InputRecord) -> list[OutputRecord]:
        if faults:
            faults.pop()
            kafka.fence(worker.config.transactional_id)
        return [OutputRecord(target, b"%d" % n) for n in range(200)]

    small_queue = {"queue.buffering.max.messages": 10}
    worker = worker_on(kafka, source, fill_the_queue, journal, producer=small_queue)
    kafka.send(source, b"a")
    with running(worker) as failures:
        eventually(lambda: failures or len(kafka.read(target)) >= 200, "all outputs")

    assert failures == []
    assert kafka.values(target) == [b"%d" % n for n in range(200)]
    assert journal.rebuilds[0] in {"fenced", "producer_fenced", "invalid_producer_epoch"}


@pytest.fixture
def strict_kafka(embedded_kafka_factory: Callable[..., EmbeddedKafka]) -> Testbed:
    """A broker that looks for transactions that are open for too long, and for forgotten ids, every half second."""
    properties = {
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
        "transaction.remove.expired.transaction.cleanup.interval.ms": "500",
        "transactional.id.expiration.ms": "5000",
    }
    return Testbed(embedded_kafka_factory(broker_properties=properties).client_config())


def test_a_transform_that_outlasts_the_transaction_and_then_fills_the_queue_is_named_and_tried_again(
    strict_kafka: Testbed,
) -> None:
    kafka = strict_kafka
    source, target = kafka.create_topics("in", "out")
    journal, slow = Journal(), [1]

    def outlast(record: InputRecord) -> Iterator[OutputRecord]:
        if record.value() == b"b" and slow:
            slow.pop()
            time.sleep(8)
        return iter([OutputRecord(target, b"%s%d" % (record.value() or b"", n)) for n in range(100)])

    small_queue = {"queue.buffering.max.messages": 10}
    worker = worker_on(kafka, source, outlast, journal, producer=small_queue, transaction_timeout=6.0)
    kafka.send(source, b"a", b"b")
    with running(worker) as failures:
        eventually(lambda: failures or len(kafka.read(target)) >= 200, "all outputs", 180)

    assert failures == []
    assert kafka.values(target) == [b"%s%d" % (value, n) for value in (b"a", b"b") for n in range(100)]
    # On a busy machine the second try may take too long as well, or the broker has forgotten the id by then.
    for causes in (set(journal.rebuilds), set(journal.aborts)):
        assert "transaction_timed_out" in causes
        assert causes <= {"transaction_timed_out", "invalid_producer_id_mapping"}


def test_a_worker_whose_transactional_id_was_forgotten_claims_it_anew_at_once(strict_kafka: Testbed) -> None:
    kafka = strict_kafka
    source, target = kafka.create_topics("in", "out")
    journal = Journal()
    worker = worker_on(kafka, source, copy_to(target), journal)
    kafka.send(source, b"a")
    with running(worker) as failures:
        eventually(lambda: kafka.values(target) == [b"a"], "the first output")
        threading.Event().wait(8)  # the broker's clock, which nothing shows, passes the expiration
        kafka.send(source, b"b")
        eventually(lambda: failures or kafka.values(target) == [b"a", b"b"], "the second output")

    assert failures == []
    assert journal.rebuilds == ["invalid_producer_id_mapping"]
    assert journal.aborts == ["invalid_producer_id_mapping"]


def test_a_connection_that_is_lost_at_a_commit_is_noticed_however_often_it_was_lost_before(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    """librdkafka logs equal disconnects once in 30 s; a commit that was sent twice must not depend on that."""
    journal = Journal()
    port = free_port()
    with FrameProxy(port) as proxy:
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        embedded_kafka_factory(port=port, broker_properties=advertised)
        kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
        source, target = kafka.create_topics("in", "out")
        expected: list[bytes | None] = []
        with running(worker_on(kafka, source, copy_to(target), journal)) as failures:
            for request in (ADD_OFFSETS_TO_TXN, ADD_OFFSETS_TO_TXN, ADD_OFFSETS_TO_TXN, END_TXN):
                proxy.cut_at_next(request)
                expected.append(b"%d" % len(expected))
                kafka.send(source, expected[-1])
                eventually(lambda: failures or kafka.values(target) == expected, "another output")
            eventually(lambda: failures or journal.rebuilds, "another producer")

    assert failures == []
    assert journal.rebuilds == ["disconnected_while_ending_a_transaction"]


def test_a_dead_letter_whose_timestamp_its_topic_rejects_keeps_its_reason_and_has_the_timestamp_in_a_header(
    kafka: Testbed,
) -> None:
    source, target = kafka.create_topics("in", "out")
    [dead] = kafka.create_topics("dead", config={"message.timestamp.before.max.ms": "3600000"})
    journal, old = Journal(), 1_600_000_000_000

    def choosy(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"bad":
            raise PoisonRecord("bad_value", "the value is bad")
        return [OutputRecord(target, record.value())]

    with Producer({**kafka.connection}) as producer:
        for value in (b"a", b"bad", b"b"):
            producer.produce(source, value, timestamp=old)
    with running(worker_on(kafka, source, choosy, journal, dead_letter_topic=dead)) as failures:
        eventually(
            lambda: failures or (len(kafka.read(dead)) == 1 and len(kafka.read(target)) == 2), "all three records"
        )

    assert failures == []
    assert kafka.values(target) == [b"a", b"b"]
    [letter] = kafka.read(dead)
    headers = dict(letter.headers() or ())
    assert (headers["dlq.reason"], headers["dlq.timestamp"]) == (b"bad_value", b"%d" % old)
    assert letter.timestamp()[1] > old
    assert set(journal.rebuilds) == {"sequence_gap"}


def test_a_record_whose_output_has_a_timestamp_that_the_topic_rejects_becomes_a_dead_letter(kafka: Testbed) -> None:
    source, dead = kafka.create_topics("in", "dead")
    [target] = kafka.create_topics("out", config={"message.timestamp.before.max.ms": "3600000"})
    journal = Journal()

    def backdate(record: InputRecord) -> list[OutputRecord]:
        timestamp = 1_600_000_000_000 if record.value() == b"old" else 0
        return [OutputRecord(target, record.value(), timestamp=timestamp)]

    kafka.send(source, b"a", b"old", b"b")
    with running(worker_on(kafka, source, backdate, journal, dead_letter_topic=dead)) as failures:
        eventually(
            lambda: failures or (len(kafka.read(dead)) == 1 and len(kafka.read(target)) == 2), "all three records"
        )

    assert failures == []
    assert kafka.values(target) == [b"a", b"b"]
    [letter] = kafka.read(dead)
    assert dict(letter.headers() or ())["dlq.reason"] == b"unproducible"
    detail = dict(letter.headers() or ())["dlq.detail"]
    assert detail == b"an output of the record cannot be written: rejected by the brokers: invalid_timestamp"


def test_an_idle_worker_serves_its_producer_whose_statistics_would_pile_up_otherwise(kafka: Testbed) -> None:
    (source,) = kafka.create_topics("in")
    documents: list[str] = []
    worker = worker_on(kafka, source, copy_to("nowhere"), Journal(), on_producer_statistics=documents.append)
    with running(worker) as failures:
        eventually(lambda: failures or len(documents) >= 2, "statistics of a producer that does nothing")

    assert failures == []
