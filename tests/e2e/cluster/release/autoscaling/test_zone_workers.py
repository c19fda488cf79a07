"""KEDA starts the first zone worker when readings wait, and removes the last one when none do."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from confluent_kafka import Producer

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.keda.autoscaled import AutoscaledRelease
from heartzone_testing.prometheus.server import Prometheus
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import RetryingClient
from heartzone_testing.traffic.readings import Reading, readings_of

READINGS = "BiometricsImported"
PARTITIONS = 12


def send(url: str, count: int) -> list[Reading]:
    """Send readings of a new device, and return them when they are accepted."""
    readings = list(islice(readings_of(str(uuid.uuid4())), count))
    client = RetryingClient(url, keep_alive=True, retry_timeout=30)
    for reading in readings:
        client.send(reading)
    client.close()
    return readings


@contextmanager
def somebody_s_transaction(kafka: Testbed) -> Iterator[int]:
    """Write a reading again as a program does that is not ours, to the end of the same partition, which it yields."""
    last = kafka.read(READINGS)[-1]
    partition = last.partition() or 0
    producer = Producer({**kafka.connection, "transactional.id": f"somebody-{uuid.uuid4()}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(READINGS, last.value(), last.key(), partition)
    producer.commit_transaction(30)
    try:
        yield partition
    finally:
        # Who handles this one is past the mark: other tests find the topic as it was.
        kafka.send(READINGS, (last.key() or b"", last.value() or b""))


def lag(kafka: Testbed, partition: int) -> int:
    """The workers' lag in a partition as Kafka has it."""
    committed = kafka.group_offsets("zone-worker", READINGS, partition + 1)[partition]
    return kafka.end_offset(READINGS, partition) - committed


def test_a_worker_comes_when_readings_wait_and_goes_when_all_are_handled(
    autoscaled: AutoscaledRelease, auditor: Auditor
) -> None:
    autoscaled.await_idle()

    for _ in range(2):  # the second time the group has offsets already
        accepted = send(autoscaled.release.url(), 30)

        assert auditor.discrepancies(accepted) == []
        autoscaled.await_idle()


def test_the_end_of_a_transaction_keeps_the_last_worker_unless_the_activation_lag_is_above_it(
    autoscaled: AutoscaledRelease, auditor: Auditor, kafka_cluster: KafkaCluster
) -> None:
    kafka = Testbed(kafka_cluster.super_user)
    send(autoscaled.release.url(), 1)
    with somebody_s_transaction(kafka) as partition:
        assert auditor.discrepancies([]) == []

        assert lag(kafka, partition) == 1
        autoscaled.await_longer_active()
        autoscaled.release.await_ready("zone-worker", 1)
        [ours] = Prometheus(autoscaled.prometheus).query(autoscaled.trigger("prometheus")["query"])
        assert ours.value == 0

        autoscaled.deploy(kafka={"activationLag": PARTITIONS})
        autoscaled.await_idle()
        assert lag(kafka, partition) == 1
