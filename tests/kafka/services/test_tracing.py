"""One trace from a client through the web API and the zone worker to the zone event, as a collector sees it."""

import http.client
import json
from collections.abc import Callable

from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.span_collector import CollectedSpan, SpanCollector, span_collector
from heartzone_testing.waiting import eventually

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT_SPAN = "00f067aa0ba902b7"
SERVER, CONSUMER = 2, 5
READING = {"dateTime": "2026-01-01T00:00:00Z", "value": 150}


def post(port: int, path: str, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE_ID}-{CLIENT_SPAN}-01"}
    connection.request("POST", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def one(collector: SpanCollector, name: str) -> CollectedSpan:
    eventually(lambda: [each for each in collector.spans if each.name == name], f"the span {name}")
    [span] = [each for each in collector.spans if each.name == name]
    return span


def test_spans_of_api_and_worker_are_in_the_trace_of_the_client(make_pipeline: Callable[..., Pipeline]) -> None:
    pipeline = make_pipeline()
    body = json.dumps({"deviceId": DEVICE, "heartRates": [READING], "maxHeartRate": 200}).encode()
    with span_collector() as collector:
        exporter = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with pipeline.producer(exporter) as api, pipeline.worker(settings=exporter):
            api.wait_until_ready()
            assert post(api.http_port, "/biometrics", body) == 202
            assert post(api.http_port, "/biometric", body) == 404
            eventually(lambda: pipeline.kafka.read(pipeline.zones), "the event")
            request, unknown = one(collector, "POST /biometrics"), one(collector, "POST")
            processing = one(collector, f"process {pipeline.biometrics}")

    assert (request.service, request.kind, request.parent_id) == ("heartzone-producer", SERVER, CLIENT_SPAN)
    assert request.attributes["http.route"] == "/biometrics"
    assert request.attributes["http.response.status_code"] == 202
    assert unknown.attributes["http.response.status_code"] == 404
    assert not unknown.is_error
    assert (processing.service, processing.kind) == ("heartzone-zone-worker", CONSUMER)
    assert processing.parent_id == request.span_id
    assert processing.attributes["messaging.kafka.offset"] == 0
    assert processing.attributes["messaging.consumer.group.name"] == pipeline.group
    assert {each.trace_id for each in (request, unknown, processing)} == {TRACE_ID}
    [event] = pipeline.kafka.read(pipeline.zones)
    assert dict(event.headers() or ())["traceparent"] == f"00-{TRACE_ID}-{processing.span_id}-01".encode()


def test_a_collector_that_does_not_respond_neither_slows_nor_keeps_anything(
    make_pipeline: Callable[..., Pipeline],
) -> None:
    pipeline = make_pipeline()
    body = json.dumps({"deviceId": DEVICE, "heartRates": [READING], "maxHeartRate": 200}).encode()
    nowhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with pipeline.producer(nowhere) as api, pipeline.worker(settings=nowhere) as worker:
        api.wait_until_ready()
        for _ in range(20):
            assert post(api.http_port, "/biometrics", body) == 202
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) == 20, "the events")
        assert worker.process.terminate(20) == 0
        assert api.process.terminate(20) == 0
