"""The brokers of a campaign: one or three, behind proxies that know Kafka's frames, to be killed, frozen and rolled."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from embedded_kafka import EmbeddedKafka
from embedded_kafka.broker.node import KafkaNode
from heartzone_testing.brokers.frame_proxy import FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.ports import free_port

SESSION = 3.0  # seconds: after them the group gives a silent member's partitions to others
PROPERTIES = {
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": str(int(SESSION * 1000)),
    "group.consumer.min.heartbeat.interval.ms": "300",
    "group.consumer.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
}
"""Of each broker, whose defaults make each fault take most of a minute."""
LISTENER = "PROXIED"
ASKED_WITHIN = 5.0  # seconds


class Brokers:
    """A cluster while the block lasts. Workers are told the addresses of the proxies; brokers and audits use others."""

    def __init__(self, count: int, folder: Path) -> None:
        self._ports = [free_port() for _ in range(count)]
        self.proxies = [FrameProxy(port) for port in self._ports]
        self._kafka = EmbeddedKafka(nodes=count, broker_properties=self._listening, jvm="startup", log_dir=folder)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for each in self.proxies:
            self._stack.enter_context(each)
        self._stack.enter_context(self._kafka)
        # Clients log each connection to a broker that is dead on purpose, between the lines of the results.
        self.kafka = Testbed({**self._kafka.client_config(), "log_level": "0"}, copies=len(self.proxies))
        """Without a proxy."""
        self._admin = AdminClient({**self.kafka.connection})
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def connection(self) -> dict[str, str]:
        """Through the proxies."""
        return {"bootstrap.servers": ",".join(f"127.0.0.1:{each.port}" for each in self.proxies)}

    @property
    def nodes(self) -> list[KafkaNode]:
        """All brokers."""
        return list(self._kafka.nodes)

    def coordinator(self, topic: str, name: str) -> KafkaNode:
        """The broker that coordinates a group (``__consumer_offsets``) or a transactional id (``__transaction_state``).

        Raises:
            KafkaException: nobody says so at present.
        """
        partitions = self._admin.list_topics(topic, timeout=ASKED_WITHIN).topics[topic].partitions
        if not partitions:
            raise KafkaException(f"{topic} has no partitions yet")
        leader = partitions[java_hash(name) % len(partitions)].leader
        [node] = [each for each in self.nodes if each.node_id == leader] or self.nodes[:1]
        return node

    def all_in_sync(self) -> bool:
        """Whether each partition of each topic has all of its copies in sync."""
        try:
            topics = self._admin.list_topics(timeout=ASKED_WITHIN).topics.values()
        except KafkaException:
            return False
        partitions = [partition for topic in topics for partition in topic.partitions.values()]
        return all(len(each.isrs) == len(each.replicas) and each.leader >= 0 for each in partitions)

    def isolate(self, client_id: str) -> None:
        """Cut a client off from all brokers."""
        for each in self.proxies:
            each.isolate(client_id)

    def heal(self, *, late: bool) -> None:
        """End the isolation."""
        for each in self.proxies:
            each.heal(late=late)

    def _listening(self, defaults: Mapping[str, str]) -> Mapping[str, str]:
        number = int(defaults["node.id"]) - 1
        own, proxy = self._ports[number], self.proxies[number].port
        return {
            **PROPERTIES,
            "listeners": f"{defaults['listeners']},{LISTENER}://127.0.0.1:{own}",
            "advertised.listeners": f"{defaults['advertised.listeners']},{LISTENER}://127.0.0.1:{proxy}",
            "listener.security.protocol.map": f"{defaults['listener.security.protocol.map']},{LISTENER}:PLAINTEXT",
        }


def java_hash(text: str) -> int:
    """By which brokers deal out groups and transactional ids (Utils.abs of String.hashCode)."""
    value = 0
    for each in text:
        value = (31 * value + ord(each)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF
