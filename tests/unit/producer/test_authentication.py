"""Requests with and without a credential, when API keys are taken."""

import json
import logging
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from starlette.middleware import Middleware

from heartzone_producer.api.authentication import RequirePrincipal
from heartzone_producer.authentication.api_keys import parse_api_keys
from heartzone_producer.authentication.authenticator import Authenticator

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
OTHER = DEVICE.replace("3fa85f64", "00000000")
KEYS = parse_api_keys(
    "\n".join(
        f"{name} sha256:{sha256(name.encode()).hexdigest()} {devices}"
        for name, devices in (("everyone", ""), ("one", DEVICE), ("none", "ffff*"))
    )
)
PATHS = ["/biometrics", "/biometrics/batch", f"/biometrics/raw?deviceId={DEVICE}"]
JSON = {"content-type": "application/json"}


@pytest.fixture
def api(make_api: "type[Api]") -> "Api":
    return _guarded(make_api)


def _guarded(make_api: "type[Api]", devices: str | None = None) -> "Api":
    authenticator = Authenticator(api_keys=lambda: KEYS, devices=devices)
    return make_api(guards=[Middleware(RequirePrincipal, authenticator=authenticator)])


@pytest.mark.parametrize("path", PATHS)
def test_without_a_credential_nothing_is_stored(api: "Api", course_request: bytes, path: str) -> None:
    response = api.request("POST", path, course_request, headers=JSON)

    assert response.status == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == 'ApiKey realm="heartzone"'
    assert response.json["detail"] == "There is no credential. Send an API key in X-API-Key."
    assert api.delivery.payloads == api.delivery.texts == []
    assert api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "unauthenticated"}) == 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-api-key": "wrong"}, id="wrong"),
        pytest.param({"x-api-key": ""}, id="empty"),
        pytest.param({"x-api-key": "everyone "}, id="with a space"),
        pytest.param({"x-api-key": "\xff"}, id="not ASCII"),
        pytest.param({"authorization": "Bearer everyone"}, id="another header"),
        pytest.param({"cookie": "x-api-key=everyone"}, id="a cookie"),
    ],
)
def test_a_credential_that_is_not_valid_stores_nothing(
    api: "Api", course_request: bytes, headers: dict[str, str]
) -> None:
    response = api.request("POST", "/biometrics", course_request, headers={**JSON, **headers})

    assert response.status == 401
    assert api.delivery.payloads == []


@pytest.mark.parametrize("path", PATHS)
def test_a_valid_key_may_send(api: "Api", course_request: bytes, path: str) -> None:
    body = b"[" + course_request + b"]" if path.endswith("batch") else course_request

    assert api.request("POST", path, body, headers={**JSON, "X-API-Key": "everyone"}).status == 202


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/start.js"])
def test_the_description_is_open_to_everybody(api: "Api", path: str) -> None:
    assert api.request("GET", path).status == 200


def test_a_key_sends_for_its_own_devices_only(api: "Api", course_request: bytes) -> None:
    headers = {**JSON, "X-API-Key": "one"}

    own = api.request(
        "POST", "/biometrics", course_request.replace(DEVICE.encode(), DEVICE.upper().encode()), headers=headers
    )
    others = api.request(
        "POST", "/biometrics", course_request.replace(DEVICE.encode(), OTHER.encode()), headers=headers
    )

    assert own.status == 202
    assert others.status == 403
    assert others.json["errors"] == [
        {"pointer": "/deviceId", "detail": f'"{OTHER}" is not a device that "one" may send for'}
    ]
    assert [device for device, _ in api.delivery.payloads] == [DEVICE]
    assert api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "forbidden"}) == 1


def test_items_of_a_batch_are_allowed_each_on_its_own(api: "Api", course_request: bytes) -> None:
    other = course_request.replace(DEVICE.encode(), OTHER.encode())

    response = api.request(
        "POST", "/biometrics/batch", b"[%b,%b]" % (other, course_request), headers={**JSON, "X-API-Key": "one"}
    )

    assert response.status == 207
    assert (response.json["accepted"], response.json["refused"]) == (1, 1)
    assert "may send for" in json.dumps(response.json)
    assert [device for device, _ in api.delivery.payloads] == [DEVICE]


def test_a_retry_is_told_the_outcome_of_its_own_sender_s_batch_alone(api: "Api", course_request: bytes) -> None:
    """One sender cannot pass by another's Idempotency-Key what is not allowed to it."""
    body = b"[" + course_request + b"]"

    def send(key: str) -> int:
        headers = {**JSON, "X-API-Key": key, "Idempotency-Key": "the-same"}
        return api.request("POST", "/biometrics/batch", body, headers=headers).status

    assert [send("one"), send("one"), send("none"), send("everyone")] == [202, 202, 207, 202]
    assert len(api.delivery.payloads) == 2, "the second is a retry of the first"


@pytest.mark.parametrize(("query", "status"), [("", 403), (f"?deviceId={OTHER}", 403), (f"?deviceId={DEVICE}", 202)])
def test_a_text_belongs_to_the_device_of_its_query(api: "Api", query: str, status: int) -> None:
    response = api.request("POST", f"/biometrics/raw{query}", b"text", headers={"X-API-Key": "one"})

    assert response.status == status


def test_a_pattern_binds_each_principal_to_devices_of_its_own_name(
    make_api: "type[Api]", course_request: bytes
) -> None:
    """Such as where a credential is named after its device; what the credential itself says goes first."""
    api = _guarded(make_api, "{name}-*")
    course = course_request.replace(DEVICE.encode(), OTHER.encode())

    assert (
        api.request("POST", "/biometrics/raw?deviceId=everyone-1", b"x", headers={"X-API-Key": "everyone"}).status
        == 202
    )
    assert api.request("POST", "/biometrics", course, headers={**JSON, "X-API-Key": "everyone"}).status == 403
    assert api.request("POST", "/biometrics", course_request, headers={**JSON, "X-API-Key": "one"}).status == 202


def test_no_credential_is_in_a_log_or_in_a_response(
    api: "Api", caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], course_request: bytes
) -> None:
    caplog.set_level(logging.DEBUG)

    response = api.request("POST", "/biometrics", course_request, headers={**JSON, "X-API-Key": "hz_secret"})

    captured = capfd.readouterr()
    assert "hz_secret" not in f"{caplog.text}{captured.out}{captured.err}{response.text}{response.headers}"
