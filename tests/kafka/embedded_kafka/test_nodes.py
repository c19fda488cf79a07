"""Nodes of a cluster can be killed, stopped, frozen and started again, one by one."""

import signal
from collections.abc import Callable
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import EmbeddedKafka
from heartzone_testing.waiting import eventually


@pytest.fixture
def topic(embedded_kafka_cluster: EmbeddedKafka) -> str:
    name = f"nodes-{uuid4().hex[:8]}"
    admin = AdminClient({**embedded_kafka_cluster.client_config()})
    admin.create_topics([NewTopic(name, num_partitions=3)])[name].result(timeout=30)
    return name


def in_sync(kafka: EmbeddedKafka, topic: str) -> list[int]:
    metadata = AdminClient({**kafka.client_config()}).list_topics(topic, timeout=30)
    return sorted({len(partition.isrs) for partition in metadata.topics[topic].partitions.values()})


def write(kafka: EmbeddedKafka, topic: str, count: int) -> int:
    """How many of the records the cluster acknowledged."""
    acknowledged = 0

    def on_delivery(error: object, _: object) -> None:
        nonlocal acknowledged
        acknowledged += error is None

    producer = Producer({**kafka.client_config(), "enable.idempotence": True, "log_level": 0})
    for number in range(count):
        producer.produce(topic, str(number).encode(), on_delivery=on_delivery)
    producer.flush(60)
    return acknowledged


def test_topics_have_three_copies_of_which_two_must_be_in_sync(
    embedded_kafka_cluster: EmbeddedKafka, topic: str
) -> None:
    # The broker that is asked may learn of the topic a moment after the controller has created it.
    eventually(lambda: in_sync(embedded_kafka_cluster, topic) == [3], "three copies of each partition in sync")
    admin = AdminClient({**embedded_kafka_cluster.client_config()})
    [found] = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
    assert found.result()["min.insync.replicas"].value == "2"


def test_three_nodes_go_on_while_one_is_killed_and_take_it_back(
    embedded_kafka_cluster: EmbeddedKafka, topic: str
) -> None:
    node = embedded_kafka_cluster.nodes[1]
    address = embedded_kafka_cluster.bootstrap_servers

    node.kill()
    assert node.exit_code == -signal.SIGKILL
    assert write(embedded_kafka_cluster, topic, 300) == 300

    node.start()
    assert node.is_running
    assert embedded_kafka_cluster.bootstrap_servers == address
    eventually(lambda: in_sync(embedded_kafka_cluster, topic) == [3], "every replica to be in sync")


def test_a_node_restarts_cleanly_with_another_process(embedded_kafka_cluster: EmbeddedKafka, topic: str) -> None:
    node = embedded_kafka_cluster.nodes[2]
    before = node.pid

    node.restart()

    assert node.pid != before
    eventually(lambda: in_sync(embedded_kafka_cluster, topic) == [3], "every replica to be in sync")


def test_a_paused_node_does_not_respond_until_it_is_resumed(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    kafka = embedded_kafka_factory()
    (node,) = kafka.nodes
    admin = AdminClient({**kafka.client_config(), "log_level": 0})

    node.pause()
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=1)
    assert node.is_running

    node.resume()
    assert list(admin.list_topics(timeout=30).brokers) == [1]
