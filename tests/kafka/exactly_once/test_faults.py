"""The exactly-once engine under faults of brokers, topics and records."""

import os
import threading
import time
import uuid
from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import EmbeddedKafka
from exactly_once import BatchLimits, InputRecord, OutputRecord
from heartzone_testing.brokers.frame_proxy import END_TXN, FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually


@pytest.fixture
def own_broker(embedded_kafka_factory: Callable[..., EmbeddedKafka]) -> EmbeddedKafka:
    """A broker that this test may kill and freeze."""
    return embedded_kafka_factory()


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_broker_that_becomes_unavailable_inside_a_transaction(own_broker: EmbeddedKafka, fault: str) -> None:
    """The worker reports it, stays alive, obeys a stop, and has lost and doubled nothing when the broker is back."""
    kafka = Testbed(own_broker.client_config())
    source, target = kafka.create_topics("in", "out")
    node = own_broker.nodes[0]
    armed, sent = [True], threading.Event()

    def fail_once(record: InputRecord) -> list[OutputRecord]:
        if record.value() == b"3" and armed[0]:
            assert sent.wait(30)  # a broker that is frozen before it has acknowledged the record fails the test itself
            node.kill() if fault == "kill" else node.pause()
            armed[0] = False  # not before: it lets the broker be restarted
        return [OutputRecord(target, record.value())]

    kafka.send(source, *(b"%d" % n for n in range(6)))
    sent.set()
    worker = worker_on(kafka, source, fail_once)
    with running(worker) as failures:
        eventually(lambda: not armed[0] and worker.unready_reason is not None, "a reason not to be ready")
        node.start() if fault == "kill" else node.resume()
        eventually(lambda: worker.unready_reason is None and len(kafka.read(target)) >= 6, "recovery", 240)
        sent.clear()
        armed[0] = True
        kafka.send(source, b"3")
        sent.set()
        eventually(lambda: not armed[0], "the broker to be unavailable again")
    # `running` fails when the stop is not obeyed while the broker is unavailable.
    assert failures == []

    node.start() if fault == "kill" else node.resume()
    with running(worker_on(kafka, source, copy_to(target), group_id=worker.config.group_id)):
        eventually(
            lambda: len(kafka.read(target)) >= 7, "the record that was being processed when the worker stopped", 240
        )
    assert kafka.values(target) == [b"0", b"1", b"2", b"3", b"4", b"5", b"3"]


def test_a_worker_outlives_a_metadata_response_without_brokers(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    """librdkafka forgets all brokers over it, even those to start from, and may never connect again."""
    port = free_port()
    with FrameProxy(port) as proxy:
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        embedded_kafka_factory(port=port, broker_properties=advertised)
        kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
        source, target = kafka.create_topics("in", "out")
        kafka.send(source, b"a")
        refreshing_often = {"topic.metadata.refresh.interval.ms": 200}
        worker = worker_on(kafka, source, copy_to(target), consumer=refreshing_often)
        with running(worker) as failures:
            eventually(lambda: kafka.values(target) == [b"a"], "the first output")
            proxy.hides_brokers = True
            eventually(lambda: proxy.silent_for() > 2, "the worker to send no more requests")
            proxy.hides_brokers = False
            kafka.send(source, b"b")
            eventually(lambda: kafka.values(target) == [b"a", b"b"], "the second output", 90)
            eventually(lambda: worker.unready_reason is None, "the worker to be ready")
        assert failures == []


def test_several_records_whose_outputs_the_client_rejects_become_dead_letters(kafka: Testbed) -> None:
    source, target, dead = kafka.create_topics("in", "out", "dead")

    def inflate(record: InputRecord) -> list[OutputRecord]:
        return [OutputRecord(target, b"x" * (2_000_000 if record.value() == b"big" else 10))]

    kafka.send(source, b"big", b"small", b"big", b"small", b"big")
    with running(worker_on(kafka, source, inflate, dead_letter_topic=dead)):
        eventually(lambda: len(kafka.read(target)) == 2 and len(kafka.read(dead)) == 3, "all five records")


def test_a_record_whose_output_only_the_broker_rejects_is_isolated_and_becomes_a_dead_letter(kafka: Testbed) -> None:
    """The client sends it, the topic does not take it, and the broker does not say which record it was."""
    source, target, dead = kafka.create_topics("in", "out", "dead")

    def inflate(record: InputRecord) -> list[OutputRecord]:
        return [OutputRecord(target, os.urandom(1_500_000) if record.value() == b"big" else b"small")]

    kafka.send(source, *[b"small"] * 5, b"big", *[b"small"] * 5)
    producer = {"message.max.bytes": 2_000_000}
    with running(worker_on(kafka, source, inflate, dead_letter_topic=dead, producer=producer)):
        eventually(lambda: len(kafka.read(target)) == 10 and len(kafka.read(dead)) == 1, "all eleven records")

    [letter] = kafka.read(dead)
    assert letter.value() == b"big"
    assert dict(letter.headers() or ())["dlq.reason"] == b"unproducible"


def test_an_output_topic_that_does_not_exist_is_named_and_waited_for(kafka: Testbed) -> None:
    (source,) = kafka.create_topics("in")
    target = f"late-{uuid.uuid4().hex[:8]}"
    kafka.send(source, b"a")

    worker = worker_on(kafka, source, copy_to(target), output_topics=[target])
    with running(worker):
        eventually(lambda: f"topic {target} does not exist" in (worker.unready_reason or ""), "the topic's name")
        admin = AdminClient({**kafka.connection})
        admin.create_topics([NewTopic(target, 1, 1)])[target].result()
        eventually(lambda: kafka.values(target) == [b"a"], "the output")


def test_an_output_topic_that_nobody_declared_is_named_once_it_is_found_missing(kafka: Testbed) -> None:
    (source,) = kafka.create_topics("in")
    target = f"late-{uuid.uuid4().hex[:8]}"
    kafka.send(source, b"a")

    worker = worker_on(kafka, source, copy_to(target))
    with running(worker):
        eventually(lambda: f"topic {target} does not exist" in (worker.unready_reason or ""), "the topic's name")
        admin = AdminClient({**kafka.connection})
        admin.create_topics([NewTopic(target, 1, 1)])[target].result()
        eventually(lambda: kafka.values(target) == [b"a"], "the output")


def test_a_stop_is_obeyed_between_the_transactions_of_a_large_batch(kafka: Testbed) -> None:
    source, target = kafka.create_topics("in", "out")
    started = [0]

    def slow(record: InputRecord) -> list[OutputRecord]:
        started[0] += 1
        time.sleep(0.02)  # what this transform does takes its time
        return [OutputRecord(target, record.value())]

    kafka.send(source, *(b"%d" % n for n in range(2_000)))
    worker = worker_on(kafka, source, slow, limits=BatchLimits(max_age=0.2))
    with running(worker):
        eventually(lambda: started[0] >= 5, "the batch to be started")

    done = kafka.group_offsets(worker.config.group_id, source)[0]
    assert 0 < done < 2_000
    assert kafka.values(target) == [b"%d" % n for n in range(done)]


def test_a_connection_lost_while_a_transaction_ends_replaces_the_producer(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    """librdkafka sends it a second time silently, and the first request might still end a later transaction."""
    journal = Journal()
    port = free_port()
    with FrameProxy(port) as proxy:
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        embedded_kafka_factory(port=port, broker_properties=advertised)
        kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
        source, target = kafka.create_topics("in", "out")
        kafka.send(source, b"a")
        with running(worker_on(kafka, source, copy_to(target), observer=journal)) as failures:
            eventually(lambda: kafka.values(target) == [b"a"], "the first output")
            ended = proxy.requests.count(END_TXN)
            proxy.cut_at_next(END_TXN)
            kafka.send(source, b"b")
            eventually(lambda: kafka.values(target) == [b"a", b"b"], "the second output")
            eventually(lambda: journal.rebuilds, "another producer")
            kafka.send(source, b"c")
            eventually(lambda: kafka.values(target) == [b"a", b"b", b"c"], "the third output")

    assert proxy.requests.count(END_TXN) >= ended + 3
    assert journal.rebuilds == ["disconnected_while_ending_a_transaction"]
    assert failures == []
