"""Responses of what is in the place of a registry: told, never absence, and the next address is asked."""

from collections.abc import Iterator
from typing import Any

import pytest

from heartzone_testing.services.scripted_registry import ScriptedRegistry
from service_chassis.schema_registry import RegistryUnavailableError, SchemaRegistry


@pytest.fixture
def first() -> Iterator[ScriptedRegistry]:
    with ScriptedRegistry() as server:
        yield server


@pytest.fixture
def second() -> Iterator[ScriptedRegistry]:
    with ScriptedRegistry() as server:
        server.responds_with(200, {"schema": "of the second"})
        yield server


FOREIGN: list[tuple[int, bytes, dict[str, str]]] = [
    (301, b"", {"Location": "https://elsewhere/schemas"}),
    (307, b"", {"Location": "/login"}),
    (200, b"<html>please log in</html>", {}),
    (404, b"<html>nothing here</html>", {}),
    (404, b'{"error_code": 404, "message": "HTTP 404 Not Found"}', {}),
    (404, b'{"error_code": "40403"}', {}),
    (404, b'{"error_code": [40403]}', {}),
    (404, b"[40403]", {}),
    (404, b"", {}),
    (400, b"<html>bad request</html>", {}),
]


@pytest.mark.parametrize(("status", "body", "headers"), FOREIGN)
def test_after_a_response_that_is_none_of_a_registry_s_the_next_address_is_asked_at_once(
    first: ScriptedRegistry, second: ScriptedRegistry, status: int, body: bytes, headers: dict[str, str]
) -> None:
    first.status, first.body, first.headers = status, body, headers
    with SchemaRegistry({"url": f"{first.url},{second.url}"}) as registry:
        assert registry.by_id(7) == "of the second"

    assert len(first.paths) == 1


@pytest.mark.parametrize(("status", "body", "headers"), FOREIGN)
def test_it_never_means_that_something_is_absent(
    first: ScriptedRegistry, status: int, body: bytes, headers: dict[str, str]
) -> None:
    first.status, first.body, first.headers = status, body, headers
    with SchemaRegistry({"url": first.url}) as registry, pytest.raises(RegistryUnavailableError):
        registry.by_id(7)


@pytest.mark.parametrize("status", [200, 400, 403, 409, 422, 500, 503])
def test_the_code_of_something_absent_means_it_with_status_404_only(first: ScriptedRegistry, status: int) -> None:
    first.responds_with(status, {"error_code": 40403, "message": "Schema not found"})
    with SchemaRegistry({"url": first.url, "max.retries": 0}) as registry, pytest.raises(Exception) as failure:  # noqa: PT011 which of them is another test's
        registry.by_id(7)

    assert type(failure.value).__name__ != "SchemaNotFoundError"


def test_a_redirect_is_told_with_where_to_and_without_what_may_be_secret(first: ScriptedRegistry) -> None:
    first.status, first.headers = 302, {"Location": "https://user:hush@elsewhere:8443/schemas?token=hush"}
    address = first.url.replace("//", "//me:hush-hush@")
    with SchemaRegistry({"url": address}) as registry, pytest.raises(RegistryUnavailableError) as failure:
        registry.by_id(7)

    assert "redirects to https://elsewhere:8443/schemas; give that address instead" in str(failure.value)
    assert "hush" not in str(failure.value)


def test_credentials_in_the_address_are_in_no_message(first: ScriptedRegistry) -> None:
    responses: list[tuple[int, Any]] = [(200, []), (200, {"schema": 1}), (500, {}), (404, {"error_code": 1})]
    for status, document in responses:
        first.responds_with(status, document)
        addresses = f"http://127.0.0.1:1/,{first.url}".replace("//", "//me:hush-hush@")
        with SchemaRegistry({"url": addresses, "max.retries": 0}) as registry:
            with pytest.raises(RegistryUnavailableError) as failure:
                registry.by_id(7)
            assert "hush-hush" not in str(failure.value)
