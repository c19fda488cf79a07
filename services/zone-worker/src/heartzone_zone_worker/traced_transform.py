"""A span for each record that belongs to a trace; in the way only where spans are exported."""

from time import time_ns

from msgspec.structs import replace
from opentelemetry.trace import SpanKind, Status, StatusCode

from exactly_once import InputRecord, OutputRecord, PoisonRecord, Transform
from heartzone_zone_worker.record_headers import trace_of
from service_chassis.telemetry.tracing import Spans


class TracedTransform:
    """A transform within spans. What it gives belongs to them.

    Attributes are those of OpenTelemetry's conventions for messaging and Kafka. A record whose transaction is aborted
    has another span when it is processed again; one that waits for something has none so far.
    """

    def __init__(self, transform: Transform, *, spans: Spans, group_id: str) -> None:
        self._transform = transform
        self._spans = spans
        self._group_id = group_id

    def __call__(self, record: InputRecord) -> list[OutputRecord]:
        """Transform a record; raises what the transform does."""
        parent = trace_of(record)
        if not parent:
            return list(self._transform(record))
        topic = record.topic() or ""
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(record.partition()),
            "messaging.kafka.offset": record.offset() or 0,
            "messaging.consumer.group.name": self._group_id,
        }
        began = time_ns()
        try:
            outputs = self._transform(record)
        except PoisonRecord as poison:
            span = self._spans.begin(f"process {topic}", SpanKind.CONSUMER, parent, attributes, began)
            span.set_status(Status(StatusCode.ERROR, str(poison.reason)))
            span.set_attribute("error.type", str(poison.reason))
            span.end()
            raise
        span = self._spans.begin(f"process {topic}", SpanKind.CONSUMER, parent, attributes, began)
        span.end()
        headers = self._spans.headers(span)
        return [replace(output, headers=headers) for output in outputs]
