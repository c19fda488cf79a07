"""A span for each batch that is reconciled, where spans are exported."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from heartzone_operator.model.resource import Resource
from service_chassis.telemetry.tracing import spans


@contextmanager
def batch_span(resources: Sequence[Resource]) -> Iterator[None]:
    """The span lasts as long as the block; an error that leaves it is the span's."""
    exported = spans()
    if exported is None or not resources:
        yield
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415 it needs the extra [tracing]

    attributes: dict[str, str | int] = {"heartzone.eventtopics": len(resources)}
    if len(resources) == 1:
        key = resources[0].key
        attributes |= {"k8s.namespace.name": key.namespace, "heartzone.eventtopic.name": key.name}
    span = exported.begin("reconcile EventTopics", SpanKind.INTERNAL, (), attributes)
    try:
        yield
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        span.set_attribute("error.type", type(error).__name__)
        raise
    finally:
        span.end()
