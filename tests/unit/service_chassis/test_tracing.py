"""Spans are exported where OpenTelemetry's own variables say so, and nothing of it is loaded otherwise."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from service_chassis.telemetry import tracing

ENDPOINT = "http://localhost:4318"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ENDPOINT}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
    ],
)
def test_the_environment_decides(environment: Mapping[str, str], expected: bool) -> None:
    assert tracing.is_configured(environment) is expected


def test_there_are_spans_while_they_are_exported() -> None:
    assert tracing.spans() is None
    with tracing.exporting("a-service", "1", {"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}):
        assert tracing.spans() is not None
    assert tracing.spans() is None


@pytest.mark.parametrize("name", ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"])
def test_a_variable_that_opentelemetry_does_not_take_is_no_reason_not_to_serve(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "-1")
    with tracing.exporting("a-service", "1", {"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}):
        assert tracing.spans() is None


def test_without_an_exporter_a_service_does_not_load_opentelemetry() -> None:
    code = (
        "import sys\n"
        "from service_chassis.telemetry.tracing import exporting\n"
        "import heartzone_producer.service, heartzone_zone_worker.service\n"
        "with exporting('a-service', '1', {}): pass\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
