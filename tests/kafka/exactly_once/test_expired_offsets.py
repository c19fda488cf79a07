"""A broker that forgets offsets and transactional ids sooner than the promise needs."""

from collections.abc import Callable

from embedded_kafka import EmbeddedKafka
from exactly_once import MissingOffsets, RiskReason
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.waiting import eventually


def test_a_worker_says_at_its_start_that_offsets_may_expire_first_and_a_group_that_lost_them_may_be_stopped(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    broker = embedded_kafka_factory(
        broker_properties={
            "offsets.retention.minutes": "1",
            "offsets.retention.check.interval.ms": "500",
            "transactional.id.expiration.ms": "60000",
        }
    )
    kafka = Testbed(broker.client_config())
    source, target = kafka.create_topics("in", "out")
    journal = Journal()
    kafka.send(source, b"a", b"b")
    worker = worker_on(kafka, source, copy_to(target), observer=journal)
    with running(worker):
        eventually(lambda: len(kafka.read(target)) == 2, "both outputs")
        eventually(lambda: journal.risks is not None, "the settings to be compared")
    assert set(journal.risks or ()) == set(RiskReason)

    group = worker.config.group_id
    eventually(lambda: kafka.group_offsets(group, source)[0] < 0, "the offsets to expire", 150)
    halted = Journal()
    again = worker_on(
        kafka, source, copy_to(target), group_id=group, observer=halted, missing_offsets=MissingOffsets.STOP
    )
    with running(again):
        eventually(lambda: halted.halts, "the partition to be halted")
    assert kafka.values(target) == [b"a", b"b"], "nothing twice"
