"""KEDA starts the first zone worker when readings wait, and removes the last one when none do."""

import json
import uuid
from itertools import islice

from confluent_kafka import Producer

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.keda.autoscaled import AutoscaledRelease
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import RetryingClient
from heartzone_testing.traffic.readings import Reading, readings_of

READINGS = "BiometricsImported"


def send(url: str, count: int) -> list[Reading]:
    """Send readings of a new device, and return them when they are accepted."""
    readings = list(islice(readings_of(str(uuid.uuid4())), count))
    client = RetryingClient(url, keep_alive=True, retry_timeout=30)
    for reading in readings:
        client.send(reading)
    client.close()
    return readings


def write_in_a_transaction(kafka: Testbed) -> int:
    """Write a device's next reading as a program does that is not ours, without a key; returns its partition."""
    last = kafka.read(READINGS)[-1]
    partition, value = last.partition() or 0, last.value() or b""
    message = json.loads(value[5:])
    message["HeartRates"] = [{"DateTime": "2026-02-01T00:00:00Z", "Value": 150}]
    producer = Producer({**kafka.connection, "transactional.id": f"somebody-{uuid.uuid4()}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(READINGS, value[:5] + json.dumps(message).encode(), last.key(), partition)
    producer.commit_transaction(30)
    return partition


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


def test_the_end_of_a_transaction_does_not_keep_the_last_worker(
    autoscaled: AutoscaledRelease, auditor: Auditor, kafka_cluster: KafkaCluster
) -> None:
    """Workers commit positions behind control records: the lag is 0 to Kafka, and so to KEDA."""
    kafka = Testbed(kafka_cluster.super_user)
    send(autoscaled.release.url(), 1)
    partition = write_in_a_transaction(kafka)

    assert auditor.discrepancies([]) == []
    autoscaled.await_idle()
    assert lag(kafka, partition) == 0
