"""Deliver messages: topic, key and framing of each kind, and an error at once while they cannot be delivered."""

import itertools
import os

from heartzone.wire import IDEMPOTENCY_KEY_HEADER
from heartzone_producer.intake.biometrics import Accepted
from heartzone_producer.intake.origin import Origin
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import UnavailableError
from heartzone_producer.writing.payload_schema import PayloadSchema
from heartzone_producer.writing.record_writer import Headers, RecordWriter
from heartzone_producer.writing.waiting import Acknowledgement
from heartzone_producer.writing.watch import Watch

LARGE = 65_536
"""Bytes of a value from which on a record goes through a writer of its own."""


class Delivery:
    """Hands messages to a writer.

    A topic may accept less than a client sends, and a record that a broker rejects for good takes its producer with it,
    and what that has in flight. So large records have a writer of their own: nobody can end others' requests with them.

    While a watch reports a problem, requests are rejected at once: each would wait for seconds and hold its body in
    memory for a response that is known.
    """

    def __init__(
        self,
        writer: RecordWriter,
        large_writer: RecordWriter,
        *,
        biometrics_topic: str,
        raw_topic: str,
        schema: PayloadSchema,
        broker: Watch,
        registry: Watch,
    ) -> None:
        self._writer = writer
        self._large_writer = large_writer
        self._biometrics_topic = biometrics_topic
        self._raw_topic = raw_topic
        self._schema = schema
        self._broker = broker
        self._registry = registry
        self._own_keys = os.urandom(12).hex().encode()
        self._numbers = itertools.count()

    def biometrics(self, message: Accepted, origin: Origin) -> Acknowledgement:
        """Write a message, keyed by its device.

        Raises:
            UnavailableError: broker or registry are unavailable, or the queue is full.
            RecordTooLargeError: it fits no record.
        """
        prefix = self._schema.prefix
        if prefix is None:
            detail = f"the schema of messages is not known: {self._registry.problem}"
            raise UnavailableError(ServiceUnavailableReason.REGISTRY_UNAVAILABLE, detail)
        return self._write(self._biometrics_topic, prefix + message.payload, message.device_id, origin)

    def raw(self, body: bytes, device_id: str | None, origin: Origin) -> Acknowledgement:
        """Write a body as it is; raises as `biometrics` does."""
        return self._write(self._raw_topic, body, device_id, origin)

    def _write(self, topic: str, value: bytes, key: str | None, origin: Origin) -> Acknowledgement:
        if self._broker.problem is not None:
            raise UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, self._broker.problem)
        writer = self._writer if len(value) < LARGE else self._large_writer
        # By it the workers recognise a copy, also one that the producer makes (decision 9).
        idempotency_key = origin.idempotency_key or b"%b-%x" % (self._own_keys, next(self._numbers))
        headers: Headers = [(IDEMPOTENCY_KEY_HEADER, idempotency_key), *origin.trace]
        return writer.write(topic, value, key, headers)
