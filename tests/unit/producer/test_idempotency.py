"""Requests with an Idempotency-Key: what a replica knows of them, and what goes to Kafka with their records."""

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone_producer.api.header_fields import header_fields
from heartzone_producer.api.idempotency import FOLLOWS_FROM_REQUEST, KnownRequests
from heartzone_producer.api.problems import ProblemError
from heartzone_producer.intake.idempotency_keys import InvalidKeyError, idempotency_key
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import UnavailableError
from heartzone_testing.services.response import Response

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
OTHER = "11111111-5717-4562-b3fc-2c963f66afa6"


def body(device: str = DEVICE, maximum: int = 200) -> bytes:
    return json.dumps({"deviceId": device, "heartRates": [], "maxHeartRate": maximum}).encode()


def post(api: "Api", content: bytes, key: str, path: str = "/biometrics") -> Response:
    return api.request("POST", path, content, headers={"content-type": "application/json", "idempotency-key": key})


@pytest.mark.parametrize("key", ["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", "x" * 255, "a;b=c", "~!"])
def test_a_key_is_the_same_with_and_without_quotes(key: str) -> None:
    for value in (key, f'"{key}"'):
        assert idempotency_key(value.encode()) == key.encode()


def test_a_quoted_key_may_have_escaped_quotes() -> None:
    assert idempotency_key(rb'"a\"b\\c"') == rb'a"b\c'


@pytest.mark.parametrize(
    "value", [b"", b'""', b'"', b'"a', b"a b", b"\tk", b"x" * 256, "é".encode(), "ключ".encode(), b"a\x7f"]
)
def test_what_is_no_key_is_a_400_that_says_what_was_expected(api: "Api", value: bytes) -> None:
    with pytest.raises(InvalidKeyError, match="1 to 255 visible ASCII characters"):
        idempotency_key(value)

    response = post(api, body(), value.decode("latin-1"))
    assert response.status == 400
    assert "Idempotency-Key is" in response.json["detail"]
    assert api.delivery.payloads == []


@pytest.mark.parametrize("key", [b"a", b'"a"'])
def test_two_keys_are_none(key: bytes) -> None:
    fields = header_fields({"headers": [(b"idempotency-key", key), (b"host", b"h"), (b"idempotency-key", key)]})

    with pytest.raises(InvalidKeyError, match="1 to 255 visible ASCII characters"):
        idempotency_key(fields[b"idempotency-key"])


@given(st.binary(max_size=300))
def test_whatever_a_header_holds_is_a_key_of_visible_ascii_or_an_error(value: bytes) -> None:
    try:
        key = idempotency_key(value)
    except InvalidKeyError:
        return
    assert 1 <= len(key) <= 255
    assert all(0x21 <= byte <= 0x7E for byte in key)


@pytest.mark.parametrize(
    ("path", "content", "keys"),
    [
        ("/biometrics", body(), [b"k"]),
        ("/biometrics/batch", b"[%b,%b]" % (body(), body(OTHER)), [b"k/0", b"k/1"]),
        ("/biometrics/raw?deviceId=d", b"text", [b"k"]),
    ],
)
def test_the_same_request_is_stored_once_and_answered_as_the_first_was(
    api: "Api", path: str, content: bytes, keys: list[bytes]
) -> None:
    first, second = post(api, content, "k", path), post(api, content, '"k"', path)

    assert first.status == second.status == 202
    assert first.body == second.body
    # Each request has an id of its own.
    own = {"x-request-id": ""}
    assert {**first.headers, **own} == {**second.headers, **own}
    assert api.delivery.keys == keys


def test_items_of_a_batch_are_counted_by_their_position_whatever_was_rejected(api: "Api") -> None:
    response = post(api, b'[%b,{"no":1},%b]' % (body(), body(OTHER)), "k", "/biometrics/batch")

    assert response.status == 207
    assert api.delivery.keys == [b"k/0", b"k/2"]


def test_a_batch_that_was_stored_in_part_is_handled_again(api: "Api") -> None:
    content = b'[%b,{"no":1}]' % body()

    assert [post(api, content, "k", "/biometrics/batch").status for _ in range(2)] == [207, 207]
    assert api.delivery.keys == [b"k/0", b"k/0"]


def test_the_same_message_written_otherwise_is_the_same_request(api: "Api") -> None:
    post(api, body(), "k")
    response = post(api, b'{"MaxHeartRate": 2e2, "HeartRates": [], "DeviceId": "%b"}' % DEVICE.upper().encode(), "k")

    assert response.status == 202
    assert len(api.delivery.payloads) == 1


@pytest.mark.parametrize(
    ("path", "first", "second"),
    [
        ("/biometrics", body(), body(maximum=150)),
        ("/biometrics/batch", b"[%b]" % body(), b"[%b,%b]" % (body(), body())),
        ("/biometrics/raw", b"a", b"b"),
    ],
)
def test_a_key_of_another_request_is_a_422(api: "Api", path: str, first: bytes, second: bytes) -> None:
    post(api, first, "k", path)

    response = post(api, second, "k", path)

    assert response.status == 422
    assert response.json["title"] == "The Idempotency-Key belongs to another request"
    assert "send this one with a key of its own" in response.json["detail"]
    assert len(api.delivery.keys) == 1


def test_devices_choose_their_keys_each_for_itself(api: "Api") -> None:
    assert post(api, body(DEVICE), "1").status == post(api, body(OTHER), "1").status == 202
    assert len(api.delivery.payloads) == 2


def test_a_request_that_was_not_acknowledged_is_handled_again_and_its_key_stays_its_own(api: "Api") -> None:
    api.delivery.failure = UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, "no broker")
    assert post(api, body(), "k").status == 503
    api.delivery.failure = None

    assert post(api, body(maximum=150), "k").status == 422
    assert post(api, body(), "k").status == 202
    assert api.delivery.keys == [b"k"]


def test_a_body_that_is_no_message_uses_no_key_up(api: "Api") -> None:
    assert post(api, b"{}", "k").status == 422
    assert post(api, body(), "k").status == 202


def test_while_the_first_is_in_progress_the_same_request_is_a_409(api: "Api") -> None:
    headers = {"content-type": "application/json", "idempotency-key": "k"}

    async def both() -> tuple[Response, Response]:
        api.delivery.waits = True
        first = asyncio.create_task(api.request_async("POST", "/biometrics", body(), headers=headers))
        while not api.delivery.payloads:
            await asyncio.sleep(0)
        second = await api.request_async("POST", "/biometrics", body(), headers=headers)
        first.cancel()
        return second, await api.request_async("POST", "/openapi.json")

    response, _ = asyncio.run(both())

    assert response.status == 409
    assert response.headers["retry-after"] == "2"
    assert response.json["detail"] == "A request with this Idempotency-Key is being handled. Send this one again later."


def test_the_trace_of_a_request_goes_with_each_of_its_records(api: "Api") -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"content-type": "application/json", "traceparent": parent, "tracestate": "a=1"}

    for path, content in (
        ("/biometrics", body()),
        ("/biometrics/batch", b"[%b,%b]" % (body(), body())),
        ("/biometrics/raw", b"x"),
    ):
        assert api.request("POST", path, content, headers=headers).status == 202

    assert api.delivery.traces == [[("traceparent", parent.encode()), ("tracestate", b"a=1")]] * 4


def accept(requests: KnownRequests, name: bytes) -> bool:
    """Accept the request of this name; returns whether it was accepted before."""
    with requests.begin(name, payload=b"") as request:
        before = request.accepted is not None
        request.accepted = FOLLOWS_FROM_REQUEST
    return before


def test_what_is_kept_is_bounded_and_the_oldest_are_forgotten_first() -> None:
    requests = KnownRequests(window=600, max_requests=10)
    for number in range(100):
        assert not accept(requests, b"%d" % number)

    assert len(requests) == 20
    assert [accept(requests, b"%d" % number) for number in (99, 90, 5)] == [True, True, False]


def test_a_replica_whose_window_is_0_knows_no_request() -> None:
    requests = KnownRequests(window=0)

    assert [accept(requests, b"a") for _ in range(2)] == [False, False]


def test_a_request_that_raised_is_handled_again() -> None:
    requests = KnownRequests(window=600)
    with pytest.raises(RuntimeError), requests.begin(b"a", payload=b""):
        raise RuntimeError

    assert not accept(requests, b"a")
    with pytest.raises(ProblemError):
        requests.begin(b"a", payload=b"other")
