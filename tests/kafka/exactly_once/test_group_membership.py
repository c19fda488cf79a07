"""Membership in the group: what ends it for good, what passes, and what others see of a worker's progress."""

import gc
import uuid

import pytest
from confluent_kafka import Producer

from exactly_once import ConfigurationError, FencedError, StopFlag
from exactly_once.clients.consumer_session import ConsumerSession
from heartzone_testing.brokers.kafka_tools import CONSUMER_GROUPS, run_kafka_tool
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import native_threads, running
from heartzone_testing.engine.workers import Make, copy_to, worker_on
from heartzone_testing.waiting import eventually

both_protocols = pytest.mark.parametrize("group_protocol", ["classic", "consumer"])


@pytest.mark.parametrize("group_protocol", ["consumer"])
def test_an_assignor_that_the_brokers_do_not_have_ends_the_worker_with_a_sentence(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")

    with running(make(source, copy_to(target), consumer={"group.remote.assignor": "no-such"})) as failures:
        eventually(lambda: failures, "the worker's end")

    assert isinstance(failures[0], ConfigurationError)
    assert "assignor" in str(failures[0])


def test_an_old_static_member_ends_when_another_takes_its_name(kafka: Testbed, make: Make) -> None:
    source, target = kafka.create_topics("in", "out")
    worker = make(source, copy_to(target), consumer={"group.instance.id": "one"})
    with running(worker) as failures:
        eventually(lambda: worker.unready_reason is None, "the worker to be ready")
        another = make(source, copy_to(target), group_id=worker.config.group_id, consumer={"group.instance.id": "one"})
        with running(another) as others:
            eventually(lambda: failures, "the first worker's end")
            kafka.send(source, b"a")
            eventually(lambda: kafka.values(target) == [b"a"], "the second to work")
        assert others == []

    assert isinstance(failures[0], FencedError)
    assert "group.instance.id" in str(failures[0])


@pytest.mark.parametrize("group_protocol", ["consumer"])
def test_a_new_static_member_waits_for_the_session_of_the_old_one(kafka: Testbed, make: Make) -> None:
    """With KIP-848 the brokers fence the new member, as long as the old one is there."""
    source, target = kafka.create_topics("in", "out")
    first = make(source, copy_to(target), consumer={"group.instance.id": "one"})
    second = make(source, copy_to(target), group_id=first.config.group_id, consumer={"group.instance.id": "one"})
    with running(first) as failures:
        eventually(lambda: first.unready_reason is None, "the first to be ready")
        with running(second) as others:
            eventually(lambda: second.unready_reason not in (None, "joining the consumer group"), "the second to wait")
            assert first.unready_reason is None
        assert failures == others == []


@both_protocols
def test_the_lag_of_an_idle_worker_is_0_to_kafkas_own_tool_behind_a_transactional_writer(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out", partitions=2)
    writer = Producer({**kafka.connection, "transactional.id": f"writer-{uuid.uuid4()}"})
    writer.init_transactions(30)
    for n in range(4):
        writer.begin_transaction()
        writer.produce(source, b"x", partition=n % 2)
        writer.commit_transaction(30)
    worker = make(source, copy_to(target))
    group = worker.config.group_id
    with running(worker):
        eventually(lambda: len(kafka.read(target)) == 4, "all outputs")
        ends = {number: kafka.end_offset(source, number) for number in (0, 1)}
        eventually(lambda: kafka.group_offsets(group, source, 2) == ends, "the ends to be committed")
        brokers = kafka.connection["bootstrap.servers"]
        described = run_kafka_tool(CONSUMER_GROUPS, brokers, "--describe", "--group", group)
    rows = [line.split() for line in described.splitlines() if source in line]
    assert [row[5] for row in sorted(rows)] == ["0", "0"], described


@both_protocols
def test_a_worker_that_has_processed_everything_is_not_out_of_range_when_retention_takes_it_all(
    kafka: Testbed, make: Make
) -> None:
    source, target = kafka.create_topics("in", "out")
    writer = Producer({**kafka.connection, "transactional.id": f"writer-{uuid.uuid4()}"})
    writer.init_transactions(30)
    writer.begin_transaction()
    writer.produce(source, b"x")
    writer.commit_transaction(30)
    worker = make(source, copy_to(target))
    group = worker.config.group_id
    with running(worker):
        eventually(lambda: kafka.group_offsets(group, source) == {0: kafka.end_offset(source)}, "the end, committed")
    kafka.delete_records(source, kafka.end_offset(source))
    again = make(source, copy_to(target), group_id=group)
    with running(again) as failures:
        eventually(lambda: again.unready_reason is None, "the worker to be ready")
        writer.begin_transaction()
        writer.produce(source, b"y")
        writer.commit_transaction(30)
        eventually(lambda: kafka.values(target) == [b"x", b"y"], "what comes then")
        assert again.set_aside == {}
    assert failures == []


def test_consumers_that_were_replaced_leave_no_client_behind(kafka: Testbed) -> None:
    """In an outage one is replaced after the other, and each client has threads of its own."""
    [source] = kafka.create_topics("in")
    worker = worker_on(kafka, source, copy_to("nowhere"))
    session = ConsumerSession(lambda: worker.config, Journal(), StopFlag())
    collecting = gc.isenabled()
    gc.disable()  # as good as it is in a process that allocates little
    try:
        session.replace()
        clients = len(native_threads("rdk:main"))  # each has one of these, and others for its connections
        for _ in range(5):
            session.replace()
        eventually(lambda: len(native_threads("rdk:main")) <= clients, "the clients of before to end")
    finally:
        if collecting:
            gc.enable()
        session.close()
