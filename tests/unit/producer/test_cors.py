"""Pages of other origins may call the API where a setting says so, and not otherwise."""

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from heartzone_producer.settings import ProducerSettings
from heartzone_testing.services.response import Response

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

ORIGIN = "https://app.example.org"


def _preflight(api: "Api", origin: str = ORIGIN, method: str = "POST", headers: str = "content-type") -> Response:
    asked = {"access-control-request-method": method, "access-control-request-headers": headers}
    return api.request("OPTIONS", "/biometrics", headers={"origin": origin, **asked})


def test_no_origin_is_allowed_by_default(api: "Api", course_request: bytes) -> None:
    response = api.request("POST", "/biometrics", course_request, headers={"origin": ORIGIN})

    assert "access-control-allow-origin" not in response.headers
    assert _preflight(api).status == 405


def test_a_page_of_an_allowed_origin_may_send_and_read_the_response(
    api_for_pages: "Api", course_request: bytes
) -> None:
    asked = _preflight(api_for_pages, headers="content-type,idempotency-key,authorization,content-encoding")
    headers = {"origin": ORIGIN, "content-type": "application/json"}
    sent = api_for_pages.request("POST", "/biometrics", course_request, headers=headers)

    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert (sent.status, sent.headers["access-control-allow-origin"]) == (202, ORIGIN)
    assert "X-Request-Id" in sent.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in sent.headers


def test_it_may_read_why_a_request_was_rejected(api_for_pages: "Api") -> None:
    headers = {"origin": ORIGIN, "content-type": "application/json"}

    response = api_for_pages.request("POST", "/biometrics", b"{", headers=headers)

    assert (response.status, response.headers["access-control-allow-origin"]) == (400, ORIGIN)


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        pytest.param("https://evil.example", "POST", "content-type", id="another origin"),
        pytest.param(ORIGIN, "DELETE", "content-type", id="another method"),
        pytest.param(ORIGIN, "POST", "x-other", id="another header"),
    ],
)
def test_what_is_not_allowed_is_told_in_a_problem_document(
    api_for_pages: "Api", origin: str, method: str, headers: str
) -> None:
    response = _preflight(api_for_pages, origin, method, headers)

    assert response.status == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("access-control-allow-origin") is None


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://a.example, http://localhost:3000", ("https://a.example", "http://localhost:3000")),
    ],
)
def test_origins_are_separated_by_commas(text: str, origins: tuple[str, ...]) -> None:
    assert ProducerSettings.model_construct(http_cors_origins=text).cors_origins == origins


@pytest.mark.parametrize("text", ["app.example.org", "https://a.example/", "https://a.example, *x", "ftp://a"])
def test_what_is_no_origin_is_named(text: str) -> None:
    with pytest.raises(ValidationError, match="is no origin, which is a scheme, a host"):
        ProducerSettings.model_validate({"http_cors_origins": text})
