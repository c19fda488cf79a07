"""Every error is a problem document of a known kind, and no input causes another."""

import asyncio
import json
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.rejections import RejectionReason, ServiceUnavailableReason
from heartzone_producer.writing.errors import RecordTooLargeError, UnavailableError
from heartzone_testing.services.response import Response

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

BODY_LIMIT = 4096


def _assert_problem(response: Response, status: int) -> Any:
    assert response.status == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json
    assert {"type", "title", "status", "detail"} <= problem.keys() <= {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    assert problem["type"] in {kind.type for kind in ProblemKind}
    assert len(response.body) < 12_000
    return problem


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        pytest.param("application/json", 202, id="plain"),
        pytest.param("application/json; charset=utf-8", 202, id="with charset"),
        pytest.param('Application/JSON ;charset="UTF-8"', 202, id="any case, quoted"),
        pytest.param("application/json; charset=utf-16", 415, id="another charset"),
        pytest.param("application/json; charset=latin-1", 415, id="an older charset"),
        pytest.param("text/plain", 415, id="another type"),
        pytest.param("application/problem+json", 415, id="a related type"),
        pytest.param("", 415, id="empty"),
        pytest.param("\xff; charset=\xff", 415, id="not even a type"),
        pytest.param(None, 415, id="missing"),
    ],
)
def test_content_type(api: "Api", course_request: bytes, content_type: str | None, status: int) -> None:
    assert api.post(course_request, content_type).status == status


@pytest.mark.parametrize(
    ("encoding", "status"),
    [("identity", 202), ("", 202), ("deflate, identity", 415), ("br", 415), ("gzip, gzip", 415), ("gzip, zstd", 415)],
)
def test_content_encoding(api: "Api", course_request: bytes, encoding: str, status: int) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}

    assert api.request("POST", "/biometrics", course_request, headers=headers).status == status


@pytest.mark.parametrize("path", ["/biometrics", "/biometrics/raw", "/biometrics/batch"])
@pytest.mark.parametrize("chunks", [1, 7])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_above_the_limit_is_too_large(api: "Api", path: str, chunks: int, declared: bool) -> None:
    body = b" " * (BODY_LIMIT + 1)
    headers = {"content-type": "application/json"} | ({"content-length": str(len(body))} if declared else {})

    _assert_problem(api.request("POST", path, body, headers=headers, chunks=chunks), 413)


def test_a_body_at_the_limit_is_read(api: "Api", course_request: bytes) -> None:
    body = course_request.ljust(BODY_LIMIT)

    response = api.request("POST", "/biometrics", body, headers={"content-type": "application/json"}, chunks=5)

    assert response.status == 202


@pytest.mark.parametrize("length", ["9" * 25, "9" * 5000])
def test_an_absurd_length_is_too_large(api: "Api", length: str) -> None:
    headers = {"content-type": "application/json", "content-length": length}

    _assert_problem(api.request("POST", "/biometrics", headers=headers), 413)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/biometrics", "/biometrics/raw", "/biometrics/batch"])
def test_another_method_gets_the_one_that_is_allowed(api: "Api", method: str, path: str) -> None:
    response = api.request(method, path)

    assert response.status == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/swagger-ui.css"])
def test_documentation_is_only_read(api: "Api", path: str) -> None:
    response = api.request("POST", path)

    _assert_problem(response, 405)
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", ["/", "/biometrics/", "/Biometrics", "/docs/", "/docs/../x", "/%00", "/%ff%fe", "/metrics"]
)
def test_another_path_is_not_found(api: "Api", path: str) -> None:
    _assert_problem(api.request("POST", path), 404)


@pytest.mark.parametrize("host", ["[", "[::1", "a b", ""])
def test_a_strange_host_changes_nothing(api: "Api", host: str) -> None:
    _assert_problem(api.request("GET", "/nowhere", headers={"host": host}), 404)


@pytest.mark.parametrize("path", ["/biometrics", "/biometrics/raw"])
def test_unavailable_says_when_to_try_again(api: "Api", course_request: bytes, path: str) -> None:
    api.delivery.failure = UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, "the broker cannot be reached")

    response = api.post(course_request, path=path)

    problem = _assert_problem(response, 503)
    assert problem["detail"] == "The broker cannot be reached. Send the request again later."
    assert int(response.headers["retry-after"]) > 0


def test_what_fits_no_record_is_too_large(api: "Api", course_request: bytes) -> None:
    api.delivery.failure = RecordTooLargeError("the record is larger than the topic accepts")

    _assert_problem(api.post(course_request), 413)


def test_field_errors_have_pointers(api: "Api", course_request: bytes) -> None:
    problem = _assert_problem(api.post(course_request.replace(b":190", b':"190"')), 422)

    assert problem["errors"] == [
        {"pointer": "/heartRates/5/value", "detail": '"190" is not an integer from 0 to 2147483647'}
    ]


def test_requests_above_the_limit_get_a_time_to_wait(api: "Api", course_request: bytes) -> None:
    """Four are being handled; the fifth is rejected, and accepted once one of them has ended."""

    def send() -> Coroutine[Any, Any, Response]:
        return api.request_async("POST", "/biometrics", course_request, headers={"content-type": "application/json"})

    async def scenario() -> Response:
        api.delivery.waits = True
        waiting = [asyncio.create_task(send()) for _ in range(4)]
        await asyncio.sleep(0)
        rejected = await send()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        return rejected

    rejected = asyncio.run(scenario())
    api.delivery.waits = False

    _assert_problem(rejected, 429)
    assert int(rejected.headers["retry-after"]) > 0
    assert api.post(course_request).status == 202


@pytest.mark.parametrize("received", [b"", b'{"deviceId":'])
def test_there_is_no_response_when_the_client_is_gone(api: "Api", received: bytes) -> None:
    incoming = [{"type": "http.request", "body": received, "more_body": True}] if received else []

    response = asyncio.run(api.exchange("POST", "/biometrics", incoming, {"content-type": "application/json"}))

    assert response.status == 0
    assert api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "client_disconnected"}) == 1


names = st.sampled_from(["deviceId", "HeartRates", "maxHeartRate", "dateTime", "Value"]) | st.text()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["deviceId", "HeartRates", "dateTime", "Value"]) | st.text(), children, max_size=4
        )
    ),
    max_leaves=8,
)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode(errors="surrogatepass"))
    | st.lists(json_values, max_size=5).map(
        lambda items: "\n".join(map(json.dumps, items)).encode(errors="surrogatepass")
    )
)
content_types = st.sampled_from(["application/json", "application/x-ndjson", "text/plain"]) | st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30
)


@settings(max_examples=500)
@given(
    method=st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT", "OPTIONS"]),
    path=st.builds(
        "{}?{}".format,
        st.sampled_from(["/biometrics", "/biometrics/batch", "/biometrics/raw", "/openapi.json", "/nowhere"]),
        st.sampled_from(["", "deviceId=", "deviceId=a&deviceId=b", "deviceId=%FF", "&&=;%", "deviceId=%ED%A0%80"]),
    ),
    body=bodies,
    content_type=content_types,
    chunks=st.integers(1, 3),
)
def test_no_input_causes_an_error_of_another_kind(
    api: "Api", *, method: str, path: str, body: bytes, content_type: str, chunks: int
) -> None:
    response = api.request(method, path, body, headers={"content-type": content_type}, chunks=chunks)

    assert response.status in {200, 202, 207, 400, 404, 405, 413, 415, 422}
    if response.status >= 400:
        _assert_problem(response, response.status)


@settings(max_examples=300)
@given(position=st.integers(0, 394), replacement=st.binary(max_size=3))
def test_no_damage_to_a_valid_body_causes_an_error_of_another_kind(
    api: "Api", course_request: bytes, position: int, replacement: bytes
) -> None:
    body = course_request[:position] + replacement + course_request[position + 1 :]

    assert api.post(body).status in {202, 400, 422}


@pytest.mark.parametrize("kind", ProblemKind)
def test_each_kind_of_problem_has_its_reason(kind: ProblemKind) -> None:
    if kind is ProblemKind.UNAVAILABLE:
        with pytest.raises(ValueError, match="unavailable"):
            ProblemError(kind, "a detail")
    else:
        assert ProblemError(kind, "a detail").reason.replace("_", "-") == kind.slug


def test_the_values_of_reasons_are_those_that_dashboards_know() -> None:
    assert {*map(str, RejectionReason), *map(str, ServiceUnavailableReason)} == {
        "broker_away",
        "client_disconnected",
        "forbidden",
        "head_too_large",
        "idempotency_key_reused",
        "internal_error",
        "invalid_message",
        "issuer_unavailable",
        "malformed",
        "method_not_allowed",
        "not_found",
        "queue_full",
        "rate_limited",
        "registry_away",
        "request_in_progress",
        "too_large",
        "too_many_requests",
        "unauthenticated",
        "unsupported_media_type",
        "unsupported_transfer_coding",
    }
