"""Every response has the id of its request, which is the client's own where it is fit for a log."""

import re
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from heartzone_testing.services.raw_http import exchange

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

MADE = re.compile(r"[0-9a-f]{16}-[0-9a-f]+")


@pytest.mark.parametrize("path", ["/biometrics", "/biometrics/raw", "/nowhere", "/docs"])
def test_the_client_s_id_comes_back_whatever_the_response(api: "Api", course_request: bytes, path: str) -> None:
    headers = {"content-type": "application/json", "x-request-id": "a/b+c=.~:@-_9"}

    assert api.request("POST", path, course_request, headers=headers).headers["x-request-id"] == "a/b+c=.~:@-_9"


@pytest.mark.parametrize("sent", [None, "", "a b", "a\tb", "\u00e9", "x" * 129, "a;b", '"a"', "<a>"])
def test_what_is_fit_for_no_log_is_replaced(api: "Api", sent: str | None) -> None:
    headers = {} if sent is None else {"x-request-id": sent}

    assert MADE.fullmatch(api.request("GET", "/nowhere", headers=headers).headers["x-request-id"])


def test_no_two_requests_have_the_same_new_one(api: "Api") -> None:
    ids = {api.request("GET", "/nowhere").headers["x-request-id"] for _ in range(20)}

    assert len(ids) == 20


def test_what_no_application_sees_has_one_too(port: int) -> None:
    (response,) = exchange(port, b"not http\r\n\r\n")

    assert MADE.fullmatch(response.headers["x-request-id"])


def test_a_failure_of_the_service_is_found_in_the_log_by_it(api: "Api", course_request: bytes) -> None:
    api.delivery.failure = RuntimeError("a fault of ours")  # type: ignore[assignment]
    headers = {"content-type": "application/json", "x-request-id": "mine"}
    with capture_logs() as logs, pytest.raises(RuntimeError):
        api.request("POST", "/biometrics", course_request, headers=headers)

    assert [(each["event"], each["request_id"]) for each in logs] == [("request_failed", "mine")]
