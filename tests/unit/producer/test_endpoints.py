"""Responses and what is stored, when broker and registry are available."""

import json
from typing import TYPE_CHECKING

import pytest

from heartzone_producer.api.batch import MAX_ITEMS
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import RecordTooLargeError, UnavailableError
from heartzone_testing.services.response import Response

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
INVALID = b'{"deviceId":1}'


def test_the_response_is_the_message_that_was_stored(api: "Api", course_request: bytes) -> None:
    response = api.post(course_request)

    assert response.status == 202
    assert response.headers["content-type"] == "application/json"
    assert response.body == course_request
    ((key, payload),) = api.delivery.payloads
    assert key == DEVICE
    assert json.loads(payload)["MaxHeartRate"] == 200


def test_no_readings_are_fine(api: "Api") -> None:
    assert api.post(json.dumps({"deviceId": DEVICE, "heartRates": [], "maxHeartRate": 1}).encode()).status == 202


def test_a_heart_rate_above_the_maximum_is_fine(api: "Api", course_request: bytes) -> None:
    assert api.post(course_request.replace(b":200", b":100")).status == 202


@pytest.mark.parametrize(
    ("query", "key"),
    [
        pytest.param("", None, id="without"),
        pytest.param("?deviceId=", None, id="empty"),
        pytest.param(f"?deviceId={DEVICE}", DEVICE, id="given"),
        pytest.param("?deviceId=a%20%C3%BC&other=1", "a ü", id="percent-encoded"),
    ],
)
def test_a_text_is_stored_as_it_was_sent(api: "Api", query: str, key: str | None) -> None:
    text = '{"not": even json\n\u00e9\u0000'.encode()

    response = api.post(text, "text/whatever", f"/biometrics/raw{query}")

    assert (response.status, response.json) == (202, {"deviceId": key, "size": len(text)})
    assert api.delivery.texts == [(key, text)]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        pytest.param("", b"", 422, id="empty"),
        pytest.param("", b"\xff", 400, id="not UTF-8"),
        pytest.param("?deviceId=a&deviceId=b", b"x", 400, id="two device ids"),
        pytest.param("?deviceId=%FF", b"x", 400, id="device id not UTF-8"),
    ],
)
def test_a_text_is_rejected(api: "Api", query: str, body: bytes, status: int) -> None:
    assert api.post(body, None, f"/biometrics/raw{query}").status == status
    assert api.delivery.texts == []


def _post_batch(api: "Api", items: list[bytes], *, as_lines: bool) -> Response:
    if as_lines:
        return api.post(b"\n".join(items) + b"\r\n\n", "application/x-ndjson", "/biometrics/batch")
    return api.post(b"[" + b",".join(items) + b"]", path="/biometrics/batch")


@pytest.mark.parametrize("as_lines", [True, False])
class TestBatch:
    def test_every_message_is_stored_in_order(self, api: "Api", course_request: bytes, as_lines: bool) -> None:
        other = course_request.replace(b"3fa8", b"4FA8")

        response = _post_batch(api, [course_request, other, course_request], as_lines=as_lines)

        assert response.status == 202
        assert response.json == {"accepted": 3, "refused": 0, "errors": [], "items": []}
        assert [key[:4] for key, _ in api.delivery.payloads] == ["3fa8", "4fa8", "3fa8"]

    def test_what_is_wrong_is_rejected_by_its_index(self, api: "Api", course_request: bytes, as_lines: bool) -> None:
        wrong = course_request.replace(b":200", b":0")

        response = _post_batch(api, [course_request, wrong, course_request], as_lines=as_lines)

        assert response.status == 207
        error = {"pointer": "/maxHeartRate", "detail": "0 is not an integer from 1 to 2147483647"}
        assert response.json == {
            "accepted": 2,
            "refused": 1,
            "errors": [{"index": 1, **error}],
            "items": [{"index": 1, "status": 422, "retryable": False, "errors": [error]}],
        }

    def test_all_may_be_wrong(self, api: "Api", as_lines: bool) -> None:
        response = _post_batch(api, [INVALID] * 30, as_lines=as_lines)

        assert response.status == 207
        assert (response.json["accepted"], response.json["refused"], len(response.json["errors"])) == (0, 30, 20)
        assert [item["index"] for item in response.json["items"]] == list(range(30))
        assert all(item["errors"] for item in response.json["items"])

    def test_nothing_stored_without_a_broker_is_unavailable(
        self, api: "Api", course_request: bytes, as_lines: bool
    ) -> None:
        api.delivery.failure = UnavailableError(
            ServiceUnavailableReason.BROKER_UNAVAILABLE, "the broker cannot be reached"
        )

        assert _post_batch(api, [course_request, INVALID], as_lines=as_lines).status == 503

    def test_a_message_that_fits_no_record_is_rejected(self, api: "Api", course_request: bytes, as_lines: bool) -> None:
        api.delivery.failure = RecordTooLargeError("the record is larger than the topic accepts")

        response = _post_batch(api, [course_request], as_lines=as_lines)

        assert response.status == 207
        assert response.json["errors"][0]["detail"] == "the record is larger than the topic accepts"
        assert [(item["status"], item["retryable"]) for item in response.json["items"]] == [(413, False)]

    def test_an_empty_batch_is_no_valid_one(self, api: "Api", as_lines: bool) -> None:
        assert _post_batch(api, [], as_lines=as_lines).status == 422


def test_a_line_that_is_not_json_harms_no_other(api: "Api", course_request: bytes) -> None:
    response = _post_batch(api, [b"{", b"\xff", course_request], as_lines=True)

    assert response.status == 207
    assert [error["index"] for error in response.json["errors"]] == [0, 1]
    assert all("the item" in error["detail"] for error in response.json["errors"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"[1,", 400, id="not JSON"),
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"[" * 4000, 400, id="too deep"),
        pytest.param(b"{}", 422, id="no array"),
        pytest.param(b'["\\ud800"]', 400, id="half a surrogate pair"),
        pytest.param(b"[\xff]", 400, id="not UTF-8"),
    ],
)
def test_an_array_is_read_as_a_whole_first(api: "Api", body: bytes, status: int) -> None:
    assert api.post(body, path="/biometrics/batch").status == status


def test_a_batch_has_a_largest_number_of_messages(course_request: bytes) -> None:
    from heartzone_producer.api.batch import _at_most
    from heartzone_producer.api.problems import ProblemError

    assert sum(1 for _ in _at_most(MAX_ITEMS, [b"1"] * MAX_ITEMS)) == MAX_ITEMS
    with pytest.raises(ProblemError, match="more than 10000 messages"):
        list(_at_most(MAX_ITEMS, [b"1"] * (MAX_ITEMS + 1)))


def test_requests_are_counted_by_route_and_not_by_path(api: "Api", course_request: bytes) -> None:
    api.post(course_request)
    api.post(b"{")
    api.request("GET", "/some/secret/path")

    def requests(route: str, method: str, status: str) -> float | None:
        labels = {"route": route, "method": method, "status": status}
        return api.registry.get_sample_value("heartzone_http_requests_total", labels)

    assert requests("/biometrics", "POST", "202") == 1
    assert requests("/biometrics", "POST", "400") == 1
    assert requests("unmatched", "GET", "404") == 1
    durations = "heartzone_http_request_duration_seconds"
    assert api.registry.get_sample_value(f"{durations}_count", {"route": "/biometrics"}) == 2
    assert api.registry.get_sample_value(f"{durations}_bucket", {"route": "/biometrics", "le": "+Inf"}) == 2
    assert api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "malformed"}) == 1
