"""Faults of brokers: killed, frozen, slowed, rolled, and fewer of them than acknowledgements need.

Each ends with all brokers in sync and something that was processed after it.
"""

from collections.abc import Callable, Generator
from contextlib import suppress

from confluent_kafka import KafkaException

from embedded_kafka.broker.node import KafkaNode
from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.chaos.faults import BrokerFault
from heartzone_testing.chaos.steps import Steps, in_background, pause, until

FROZEN = 8.0  # seconds: a broker that is silent for six is not in the cluster any more
SLOWED = 8.0  # seconds
DUTY = 0.2  # seconds frozen, and as many not


class BrokerFaults:
    """Faults of the brokers that coordinate this group and this transactional id.

    ``progress`` is a number that grows with what is processed.
    """

    def __init__(self, brokers: Brokers, group: str, transactional_id: str, progress: Callable[[], int]) -> None:
        self._brokers = brokers
        self._group = group
        self._transactional_id = transactional_id
        self._progress = progress

    def happen(self, fault: BrokerFault) -> Steps:
        """Let it happen. Raises TooLateError."""
        match fault:
            case BrokerFault.KILL:
                yield from self._kill((yield from self._coordinator("__consumer_offsets", self._group)))
            case BrokerFault.FREEZE:
                yield from self._freeze([(yield from self._transactions())], FROZEN)
            case BrokerFault.SLOW:
                yield from self._slow((yield from self._transactions()))
            case BrokerFault.ROLL:
                for node in self._brokers.nodes:
                    yield from in_background(node.restart, f"{fault}: a broker that serves again")
                    yield from until(self._brokers.all_in_sync, f"{fault}: all copies in sync")
            case BrokerFault.TOO_FEW:
                yield from self._freeze(self._brokers.nodes[1:], FROZEN)
        yield from until(self._brokers.all_in_sync, f"{fault}: all copies in sync")
        yield from self.progressed(f"{fault}: progress after it")

    def progressed(self, what: str) -> Steps:
        """Yield until something is processed that was not until now."""
        before = self._progress()
        yield from until(lambda: self._progress() > before, what)

    def _transactions(self) -> Generator[None, None, KafkaNode]:
        return (yield from self._coordinator("__transaction_state", self._transactional_id))

    def _coordinator(self, topic: str, name: str) -> Generator[None, None, KafkaNode]:
        found: list[KafkaNode] = []

        def is_found() -> bool:
            with suppress(KafkaException):
                found.append(self._brokers.coordinator(topic, name))
            return bool(found)

        yield from until(is_found, f"a broker that leads {name}'s partition of {topic}")
        return found[0]

    def _kill(self, node: KafkaNode) -> Steps:
        node.kill()
        yield from self.progressed(f"progress without broker {node.node_id}")
        yield from in_background(node.start, f"broker {node.node_id} to serve again")

    def _freeze(self, nodes: list[KafkaNode], seconds: float) -> Steps:
        try:
            for node in nodes:
                node.pause()
            yield from pause(seconds)
        finally:
            for node in nodes:
                node.resume()

    def _slow(self, node: KafkaNode) -> Steps:
        for _ in range(int(SLOWED / DUTY / 2)):
            yield from self._freeze([node], DUTY)
            yield from pause(DUTY)
