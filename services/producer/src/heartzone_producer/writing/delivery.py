"""Deliver messages: topic, key and framing of each kind, and an error at once while they cannot be delivered."""

from heartzone_producer.intake.biometrics import Accepted
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import UnavailableError
from heartzone_producer.writing.payload_schema import PayloadSchema
from heartzone_producer.writing.record_writer import Acknowledgement, RecordWriter
from heartzone_producer.writing.watch import Watch


class Delivery:
    """Hands messages to the writer.

    While a watch reports a problem, requests are rejected at once: each would wait for seconds and hold its body in
    memory for a response that is known.
    """

    def __init__(
        self,
        writer: RecordWriter,
        *,
        biometrics_topic: str,
        raw_topic: str,
        schema: PayloadSchema,
        broker: Watch,
        registry: Watch,
    ) -> None:
        self._writer = writer
        self._biometrics_topic = biometrics_topic
        self._raw_topic = raw_topic
        self._schema = schema
        self._broker = broker
        self._registry = registry

    def biometrics(self, message: Accepted) -> Acknowledgement:
        """Write a message, keyed by its device.

        Raises:
            UnavailableError: broker or registry are unavailable, or the queue is full.
            RecordTooLargeError: it fits no record.
        """
        prefix = self._schema.prefix
        if prefix is None:
            detail = f"the schema of messages is not known: {self._registry.problem}"
            raise UnavailableError(ServiceUnavailableReason.REGISTRY_UNAVAILABLE, detail)
        return self._write(self._biometrics_topic, prefix + message.payload, message.device_id)

    def raw(self, body: bytes, device_id: str | None) -> Acknowledgement:
        """Write a body as it is; raises as `biometrics` does."""
        return self._write(self._raw_topic, body, device_id)

    def _write(self, topic: str, value: bytes, key: str | None) -> Acknowledgement:
        if self._broker.problem is not None:
            raise UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, self._broker.problem)
        return self._writer.write(topic, value, key)
