"""The training run of Kafka's AOT cache: a node that starts, serves a client, and stops."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka.broker.data_dir import new_cluster_id
from embedded_kafka.broker.formatting import format_storage
from embedded_kafka.broker.node import KafkaNode
from embedded_kafka.broker.probe import ClusterProbe
from embedded_kafka.broker.properties import PLAINTEXT, NodePorts, node_properties
from embedded_kafka.errors import StartError
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.processes.ports import LOOPBACK, choose_free
from embedded_kafka.processes.readiness import NotReadyError, await_ready

TIMEOUT_S = 120.0
STOP_GRACE_S = 60.0  # what was loaded is written down at the end
HEAP_MB = 384
TRANSACTIONS, RECORDS = 50, 100


def train(program: JavaProgram, directory: Path) -> None:
    """Run one node of `program` in an empty directory. Raises StartError."""
    port, controller_port = choose_free(2)
    storage = directory / "1"
    storage.mkdir()
    ports = [NodePorts(controller_port, {PLAINTEXT: port})]
    properties = node_properties(1, ports, storage, security={}, overrides={})
    cluster_id = new_cluster_id()
    # Without the options that record: the tool's recording would be overwritten by the node's.
    format_storage(storage, cluster_id, program=replace(program, options=()), properties=properties)
    config = directory / "node.properties"
    config.write_text(render(properties))
    probe = ClusterProbe({"bootstrap.servers": f"{LOOPBACK}:{port}"})

    def await_node(node: KafkaNode) -> None:
        with suppress(NotReadyError):
            await_ready(lambda: probe.sees(cluster_id, [1]), lambda: node.exit_code, TIMEOUT_S)
            return
        raise StartError(f"the training run of Kafka failed:\n{node.log()}")

    node = KafkaNode(
        1,
        program=program,
        profile="throughput",
        data_dir=storage,
        config=config,
        log_file=directory / "node.log",
        heap_mb=HEAP_MB,
        await_ready=await_node,
    )
    try:
        node.start()
        exchange({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
        node.stop(STOP_GRACE_S)
    except KafkaException as error:
        raise StartError(f"the training run of Kafka failed: {error}\n{node.log()}") from error
    finally:
        node.kill()


def exchange(client: Mapping[str, str | int]) -> None:
    """Do as most clients: a topic, 5,000 records in transactions, a consumer group. Raises KafkaException."""
    admin = AdminClient({**client})  # a client that nothing refers to is destroyed, and its calls with it
    admin.create_topics([NewTopic("training", 3)])["training"].result(TIMEOUT_S)
    producer = Producer({**client, "transactional.id": "training"})
    producer.init_transactions(TIMEOUT_S)
    for _ in range(TRANSACTIONS):
        producer.begin_transaction()
        for _ in range(RECORDS):
            producer.produce("training", bytes(100))
        producer.commit_transaction(TIMEOUT_S)
    consumer = Consumer({**client, "group.id": "training", "auto.offset.reset": "earliest"})
    consumer.subscribe(["training"])
    consumer.consume(TRANSACTIONS * RECORDS, TIMEOUT_S)
    consumer.close()
