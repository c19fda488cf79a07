"""The web API on a real broker and registry: what a 202 promises."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from heartzone.wire import unframe
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.services.web_api import COURSE_REQUEST, web_api

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.fixture
def pipeline(make_pipeline: Callable[..., Pipeline]) -> Pipeline:
    return make_pipeline()


@pytest.fixture
def api(pipeline: Pipeline, tmp_path: Path) -> Iterator[ServiceProcess]:
    with web_api(tmp_path, pipeline.environment) as running:
        running.wait_until_ready()
        yield running


def test_the_course_s_request_is_stored_before_its_response(api: ServiceProcess, pipeline: Pipeline) -> None:
    before = time.time()

    response = api.post(COURSE_REQUEST)

    assert (response.status, response.body) == (202, COURSE_REQUEST)
    (record,) = pipeline.kafka.read(pipeline.biometrics)
    assert record.key() == DEVICE.encode()
    schema_id, payload = unframe(record.value())
    assert schema_id == pipeline.schema_id
    assert json.loads(payload) == {
        "DeviceId": DEVICE,
        "HeartRates": [
            {"DateTime": f"2022-12-02T13:5{minute}:00.000Z", "Value": 90 + 20 * minute} for minute in range(6)
        ],
        "MaxHeartRate": 200,
    }
    _, milliseconds = record.timestamp()
    assert before - 1 <= milliseconds / 1000 <= time.time() + 1, "the producer's clock, not the device's"


def test_a_dotnet_client_s_request_is_stored_normalised(api: ServiceProcess, pipeline: Pipeline) -> None:
    reading = {"DateTime": "2022-12-02T13:50:00.1234567+01:00", "Value": 90}

    response = api.post(
        json.dumps({"DeviceId": DEVICE.upper(), "HeartRates": [reading], "MaxHeartRate": 200.0}).encode()
    )

    assert response.status == 202
    (record,) = pipeline.kafka.read(pipeline.biometrics)
    assert record.key() == DEVICE.encode()
    assert json.loads(unframe(record.value())[1]) == {
        "DeviceId": DEVICE,
        "HeartRates": [{"DateTime": "2022-12-02T12:50:00.123456Z", "Value": 90}],
        "MaxHeartRate": 200,
    }


def test_a_text_is_stored_as_it_was_sent(api: ServiceProcess, pipeline: Pipeline) -> None:
    raw = pipeline.topics["HEARTZONE_TOPIC_RAW"]

    with_key = api.post(b"any text \xc3\xa9", f"/biometrics/raw?deviceId={DEVICE}", "text/plain")
    without = api.post(b"{", "/biometrics/raw", "text/plain")

    assert (with_key.status, without.status) == (202, 202)
    records = [(record.key(), record.value()) for record in pipeline.kafka.read(raw)]
    assert records == [(DEVICE.encode(), b"any text \xc3\xa9"), (None, b"{")]


def test_a_batch_is_stored_without_what_is_wrong_in_it(api: ServiceProcess, pipeline: Pipeline) -> None:
    lines = [COURSE_REQUEST, b'{"deviceId": 1}', COURSE_REQUEST.replace(b"3fa85f64", b"00000000")]

    response = api.post(b"\n".join(lines), "/biometrics/batch", "application/x-ndjson")

    assert response.status == 207
    assert (response.json["accepted"], response.json["refused"]) == (2, 1)
    keys = [record.key() for record in pipeline.kafka.read(pipeline.biometrics)]
    assert keys == [DEVICE.encode(), DEVICE.replace("3fa85f64", "00000000").encode()]


def test_requests_at_the_same_time_are_all_stored_once(api: ServiceProcess, pipeline: Pipeline) -> None:
    devices = [f"{number:08x}-5717-4562-b3fc-2c963f66afa6".encode() for number in range(400)]
    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(lambda device: api.post(COURSE_REQUEST.replace(DEVICE.encode(), device)), devices))

    assert {response.status for response in responses} == {202}
    keys = sorted(record.key() or b"" for record in pipeline.kafka.read(pipeline.biometrics))
    assert keys == devices


def test_what_fits_no_record_is_too_large_and_harms_no_other(api: ServiceProcess, pipeline: Pipeline) -> None:
    """Within the limit of a body, above that of a record (a million bytes by default)."""
    response = api.post(b"x" * 1_040_000, "/biometrics/raw", "text/plain")

    assert response.status == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert api.post(COURSE_REQUEST).status == 202


def test_metrics_count_what_was_stored(api: ServiceProcess) -> None:
    for _ in range(3):
        assert api.post(COURSE_REQUEST).status == 202
    assert api.post(b"{").status == 400

    metrics = api.get("/metrics").text

    for line in (
        'heartzone_http_requests_total{method="POST",route="/biometrics",status="202"} 3.0',
        'heartzone_http_requests_total{method="POST",route="/biometrics",status="400"} 1.0',
        'heartzone_http_request_duration_seconds_count{route="/biometrics"} 4.0',
        "heartzone_produce_ack_seconds_count 3.0",
        "heartzone_produce_in_flight 0.0",
        'heartzone_requests_rejected_total{reason="malformed"} 1.0',
    ):
        assert line in metrics
    assert "heartzone_build_info{" in metrics
    assert "process_resident_memory_bytes" in metrics
