"""The audit of a running pipeline: both topics, read_committed, once nothing is written to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from confluent_kafka import Message

from heartzone.messages import Biometrics, HeartRateZoneReached
from heartzone.wire import unframe
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.traffic.audit import discrepancies, single_send_discrepancies
from heartzone_testing.traffic.readings import Reading
from heartzone_testing.traffic.single_sends import SingleSends
from heartzone_testing.waiting import eventually

Decoded = TypeVar("Decoded")


class Auditor:
    """Compares what a client knows with what is in Kafka, on a connection that may read all of it."""

    def __init__(
        self,
        connection: Mapping[str, str],
        *,
        group: str = "zone-worker",
        readings: str = "BiometricsImported",
        zones: str = "HeartRateZoneReached",
    ) -> None:
        self._kafka = Testbed(connection)
        self._group = group
        self._readings = readings
        self._zones = zones

    def discrepancies(self, accepted: Iterable[Reading], *, timeout: float = 120) -> list[str]:
        """Wait until the workers have handled the whole input, then compare; nothing when all is well.

        Every record of the input topic counts, whoever sent it.
        """
        return discrepancies(accepted, *self._logs(timeout))

    def single_send_discrepancies(self, sends: SingleSends, *, timeout: float = 120) -> list[str]:
        """The same for traffic that has ended and sent no reading twice, which accepts no copy."""
        return single_send_discrepancies(sends.sent, sends.accepted, *self._logs(timeout))

    def _logs(
        self, timeout: float
    ) -> tuple[Mapping[int, Sequence[Biometrics]], Mapping[int, Sequence[HeartRateZoneReached]]]:
        while True:
            inputs = self._kafka.read(self._readings)
            eventually(lambda: self._handled(inputs), f"{self._group} to have handled all readings", timeout)  # noqa: B023
            outputs = self._kafka.read(self._zones)
            # A reading that a dying producer stored late would be found in the output only.
            if len(self._kafka.read(self._readings)) == len(inputs):
                return _by_partition(inputs, Biometrics), _by_partition(outputs, HeartRateZoneReached)

    def zones_of(self, device: str) -> list[int]:
        """The zones that the output has of a device, in order."""
        by_partition = _by_partition(self._kafka.read(self._zones), HeartRateZoneReached)
        return [event.zone for log in by_partition.values() for event in log if event.device_id == device]

    def _handled(self, inputs: Sequence[Message]) -> bool:
        ends = {_partition(message): (message.offset() or 0) + 1 for message in inputs}
        done = self._kafka.group_offsets(self._group, self._readings, max(ends, default=0) + 1)
        return all(done[partition] >= end for partition, end in ends.items())


def _by_partition(messages: Iterable[Message], kind: type[Decoded]) -> dict[int, list[Decoded]]:
    decoder = msgspec.json.Decoder(kind)
    found: dict[int, list[Decoded]] = {}
    for message in messages:
        found.setdefault(_partition(message), []).append(decoder.decode(unframe(message.value())[1]))
    return found


def _partition(message: Message) -> int:
    partition = message.partition()
    assert partition is not None
    return partition
