"""Producers that take no more records: what they hold is still delivered, or given up."""

from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from confluent_kafka import KafkaException, Producer

POLL_SECONDS = 0.1


class Predecessors:
    """Belongs to the thread that polls."""

    def __init__(self) -> None:
        self._producers: list[Producer] = []

    def __len__(self) -> int:
        """How many still hold records."""
        return len(self._producers)

    def add(self, producer: Producer, config: Mapping[str, Any]) -> None:
        """A producer whose successor has this configuration.

        With its password, where it has one, a predecessor delivers its records also over connections that it has to
        open for them. Other credentials it cannot change.
        """
        user, password = config.get("sasl.username"), config.get("sasl.password")
        if user and password:
            with suppress(KafkaException):
                producer.set_sasl_credentials(user, password)
        self._producers.append(producer)

    def serve(self) -> None:
        """Take reports; drop those that hold nothing any more."""
        for producer in [*self._producers]:
            try:
                producer.poll(0)
            except KafkaException:  # a fatal error: it delivers nothing any more
                abandon(producer)
            if not len(producer):
                self._producers.remove(producer)

    def abandon(self) -> None:
        """Give up what they hold."""
        for producer in self._producers:
            abandon(producer)
        self._producers.clear()


def abandon(producer: Producer) -> None:
    """Have everything that a producer still holds reported as not acknowledged; it sends nothing any more."""
    producer.purge()
    drain(producer, 0.5)


def drain(producer: Producer, seconds: float) -> None:
    """Take reports until there are no more to come, for so long at most.

    `flush` would not do: a purge leaves a gap, which is a fatal error, and the binding goes on calling for reports
    while that is being raised. `poll` ends with it.
    """
    until = monotonic() + seconds
    while len(producer) and monotonic() < until:
        with suppress(KafkaException):
            producer.poll(POLL_SECONDS)
