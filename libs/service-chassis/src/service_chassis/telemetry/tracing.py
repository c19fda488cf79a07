"""Spans through OpenTelemetry, in a process whose environment names an exporter; without one nothing of it is loaded.

The variables are OpenTelemetry's own, ``OTEL_EXPORTER_OTLP_ENDPOINT`` and the others of its specification, because who
runs a collector knows them. It takes the extra ``[tracing]``, and OTLP over HTTP.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

import structlog

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanKind, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"

FLUSH_SECONDS = 2.0
"""For what is not exported yet, at a stop: a collector that does not respond must not keep a pod."""

TraceHeaders: TypeAlias = Sequence[tuple[str, bytes]]
"""``traceparent`` and ``tracestate`` (W3C Trace Context)."""

log = structlog.get_logger(__name__)

_spans: "Spans | None" = None


class Spans:
    """Begins spans, each the child of what trace headers name."""

    def __init__(self, tracer: "Tracer") -> None:
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 loaded where it is used
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._tracer = tracer
        self._context_of: Callable[..., object] = set_span_in_context
        self._propagator = TraceContextTextMapPropagator()

    def begin(
        self,
        name: str,
        kind: "SpanKind",
        parent: TraceHeaders,
        attributes: Mapping[str, str | int],
        began: int | None = None,
    ) -> "Span":
        """A span that begins, or began (nanoseconds since 1970); whoever begins it ends it."""
        context = self._propagator.extract({name: value.decode() for name, value in parent})
        return self._tracer.start_span(name, context, kind, attributes, start_time=began)

    def headers(self, span: "Span") -> TraceHeaders:
        """The trace headers of what happens within a span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, self._context_of(span))  # type: ignore[arg-type]
        return [(name, value.encode()) for name, value in carrier.items()]


def spans() -> Spans | None:
    """The spans of this process; None where no exporter is configured."""
    return _spans


@contextmanager
def exporting(service: str, version: str, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Export the spans of a service while the block lasts, where its environment says where to."""
    global _spans  # noqa: PLW0603 as OpenTelemetry's own provider: one for the process
    if not is_configured(environment):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        log.warning("tracing_unavailable", reason=f"the extra [tracing] is not installed: {error}")
        yield
        return
    resource = {"service.version": version}
    if not environment.get("OTEL_SERVICE_NAME"):
        resource["service.name"] = service
    try:
        provider = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except ValueError as error:  # of one of the variables, such as a limit that is no number
        log.warning("tracing_unavailable", reason=str(error))
        yield
        return
    _spans = Spans(provider.get_tracer(service, version))
    log.info("tracing_started")
    try:
        yield
    finally:
        _spans = None
        flushing = Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)


def is_configured(environment: Mapping[str, str]) -> bool:
    """Whether an environment names an exporter that there is."""
    if not any(environment.get(name) for name in ENDPOINTS):
        return False
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    protocol = next((environment[name] for name in PROTOCOLS if environment.get(name)), PROTOCOL)
    if protocol != PROTOCOL:
        log.warning("tracing_unavailable", reason=f"the protocol is {protocol!r}; {PROTOCOL} was expected")
        return False
    return True
