"""The server.properties of one node, as a pure function of the cluster's shape (Kafka's "Broker Configs")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded_kafka.processes.ports import LOOPBACK

PLAINTEXT = "PLAINTEXT"
CONTROLLER = "CONTROLLER"


@dataclass(frozen=True, slots=True)
class NodePorts:
    """The ports of a node: that of its part in the controller quorum, and one for each client protocol."""

    controller: int
    listeners: Mapping[str, int]


def node_properties(
    node_id: int,
    ports: Sequence[NodePorts],
    log_dir: Path,
    *,
    security: Mapping[str, str],
    overrides: Mapping[str, str],
) -> dict[str, str]:
    """The properties of node `node_id` (from 1), one of ``len(ports)`` combined brokers and controllers.

    `security` are properties of its TLS and SASL listeners; `overrides` win over everything.
    """
    own = ports[node_id - 1]
    listeners = {**own.listeners, CONTROLLER: own.controller}
    voters = (f"{i}@{LOOPBACK}:{node.controller}" for i, node in enumerate(ports, start=1))
    return {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": CONTROLLER,
        "listeners": _addresses(listeners),
        "advertised.listeners": _addresses(own.listeners),
        "listener.security.protocol.map": ",".join(
            f"{name}:{PLAINTEXT if name == CONTROLLER else name}" for name in listeners
        ),
        "inter.broker.listener.name": PLAINTEXT,
        "log.dirs": str(log_dir),
        **_replication(len(ports)),
        **SMALL_AND_QUICK,
        **security,
        **overrides,
    }


def _addresses(listeners: Mapping[str, int]) -> str:
    return ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listeners.items())


def _replication(nodes: int) -> dict[str, str]:
    """As a production cluster's as far as the nodes reach: three copies of which two must be in sync."""
    copies, in_sync = str(min(nodes, 3)), str(2 if nodes >= 3 else 1)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


# `transaction.abort.timed.out.transaction.cleanup.interval.ms` is left at its default on purpose: lowered to 1 s, a
# killed and restarted single node was seen to lose the markers of aborted transactions. Brokers leave them out where a
# partition has no leader (KAFKA-20734).
SMALL_AND_QUICK = {
    # A test knows its topics; a typo must fail, not create one.
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "3",
    # Defaults made for big clusters: 3 s before the first rebalance, 45 s until a dead KIP-848 member is noticed.
    "group.initial.rebalance.delay.ms": "0",
    "group.streams.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.min.heartbeat.interval.ms": "500",
    # A killed node's partitions move after 6 s instead of 9.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    # Memory: the cleaner alone would take 128 MB.
    "log.cleaner.dedupe.buffer.size": "8388608",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}
