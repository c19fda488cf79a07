"""Clients and threads that are left of a worker after its stop: none that calls into Python."""

from pathlib import Path

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.engine.threads import native_threads, running
from heartzone_testing.engine.workers import Make, copy_to, worker_on
from heartzone_testing.waiting import eventually


def threads_that_hand_over_responses() -> set[str]:
    """Those by which librdkafka's admin clients call into Python."""
    return native_threads("rdk:bg")


def test_no_client_is_left_that_could_call_into_python_while_it_is_finalized(kafka: Testbed, make: Make) -> None:
    """It ends the process by SIGSEGV, instead of with 0."""
    before = threads_that_hand_over_responses()
    source, target = kafka.create_topics("in", "out")
    worker = make(source, copy_to(target))
    with running(worker):
        kafka.send(source, b"a")
        eventually(lambda: kafka.values(target) == [b"a"], "the record")
        assert threads_that_hand_over_responses() - before
    assert threads_that_hand_over_responses() <= before


def test_also_while_the_brokers_respond_to_nothing(tmp_path: Path) -> None:
    with Brokers(1, tmp_path) as brokers:
        source, target = brokers.kafka.create_topics("in", "out")
        before = threads_that_hand_over_responses()
        worker = worker_on(brokers.kafka, source, copy_to(target), connection=brokers.connection)
        with running(worker):
            brokers.kafka.send(source, b"a")
            eventually(lambda: brokers.kafka.values(target) == [b"a"], "the record")
            brokers.proxies[0].silence()
        assert threads_that_hand_over_responses() <= before
