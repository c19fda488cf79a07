"""The kinds of failures of lookups; lookups in a real registry are in tests/kafka."""

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka.schema_registry.common._httpx_compat import httpx

from heartzone_testing.services.scripted_registry import ScriptedRegistry
from service_chassis.schema_registry import (
    RegisteredSchema,
    RegistryError,
    RegistryUnauthorizedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
    SchemaRegistry,
)
from service_chassis.schema_registry.response_limits import MAX_BYTES, ResponseLimitError, bound_responses
from service_chassis.settings import SchemaRegistrySettings


@pytest.fixture
def server() -> Iterator[ScriptedRegistry]:
    with ScriptedRegistry() as server:
        yield server


@pytest.fixture
def registry(server: ScriptedRegistry) -> Iterator[SchemaRegistry]:
    with SchemaRegistry({"url": server.url, "retries.wait.ms": 1, "basic.auth.user.info": "me:hush"}) as registry:
        yield registry


def test_the_latest_version_is_looked_up_each_time(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    for version in (1, 2):
        server.responds_with(200, {"id": 10 + version, "version": version, "subject": "s", "schema": "{}"})

        assert registry.latest("s") == RegisteredSchema(10 + version, version, "s", "{}")


def test_credentials_are_those_of_the_last_reconnect(server: ScriptedRegistry) -> None:
    server.responds_with(200, {"schema": "{}"})

    def config(**variables: str) -> dict[str, str | int | float]:
        named = {f"MY_{name.upper()}": value for name, value in {"url": server.url, **variables}.items()}
        return SchemaRegistrySettings.from_variables(named, prefix="MY_").client_config()

    with SchemaRegistry(config(basic_auth_username="me", basic_auth_password="hush")) as registry:
        registry.by_id(1)
        registry.reconnect(config(bearer_auth_token="first"))
        registry.by_id(1)
        registry.reconnect(config(bearer_auth_token="second"))
        registry.by_id(1)

    assert server.credentials == ["Basic bWU6aHVzaA==", "Bearer first", "Bearer second"]


def test_a_schema_is_looked_up_each_time_so_that_a_registry_that_lost_it_is_noticed(
    registry: SchemaRegistry, server: ScriptedRegistry
) -> None:
    for schema in ("1", "2"):
        server.responds_with(200, {"schema": schema})

        assert registry.by_id(7) == schema


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        pytest.param(404, {"error_code": 40401, "message": "no subject"}, SchemaNotFoundError, id="no-subject"),
        pytest.param(404, {"error_code": 40402, "message": "no version"}, SchemaNotFoundError, id="no-version"),
        pytest.param(404, {"error_code": 40403, "message": "no schema"}, SchemaNotFoundError, id="no-schema"),
        pytest.param(404, {"detail": "no such route"}, RegistryUnavailableError, id="not-a-registry"),
        pytest.param(404, "<html>", RegistryUnavailableError, id="404-of-a-proxy"),
        pytest.param(401, {"error_code": 401, "message": "no"}, RegistryUnauthorizedError, id="wrong-password"),
        pytest.param(403, {}, RegistryUnauthorizedError, id="no-right"),
        pytest.param(408, {}, RegistryUnavailableError, id="timeout"),
        pytest.param(429, {}, RegistryUnavailableError, id="too-many"),
        pytest.param(500, {"error_code": 50001, "message": "store"}, RegistryUnavailableError, id="store-unavailable"),
        pytest.param(503, "<html>", RegistryUnavailableError, id="503-of-a-proxy"),
        pytest.param(302, {}, RegistryUnavailableError, id="redirect"),
        pytest.param(200, {}, RegistryUnavailableError, id="empty-response"),
        pytest.param(200, [], RegistryUnavailableError, id="odd-response"),
        pytest.param(200, {"error_code": 40403, "message": "no schema"}, RegistryUnavailableError, id="200-an-error"),
        pytest.param(500, {"error_code": 40403, "message": "no schema"}, RegistryUnavailableError, id="500-not-found"),
        pytest.param(404, {"error_code": [40403], "message": {}}, RegistryUnavailableError, id="code-of-another-type"),
        pytest.param(404, [], RegistryUnavailableError, id="404-with-a-list"),
        pytest.param(404, None, RegistryUnavailableError, id="404-with-null"),
        pytest.param(404, "x" * 100_000, RegistryUnavailableError, id="404-with-a-page"),
    ],
)
def test_failures_are_classified_by_what_can_be_done(
    registry: SchemaRegistry, server: ScriptedRegistry, status: int, document: Any, kind: type[RegistryError]
) -> None:
    server.responds_with(status, document)

    for request in (lambda: registry.latest("subject"), lambda: registry.by_id(7)):
        with pytest.raises(RegistryError, match=r"subject subject|schema id 7") as failed:
            request()
        assert type(failed.value) is kind
        assert "hush" not in str(failed.value)


GOOD = {"id": 11, "version": 2, "subject": "s", "schema": "{}"}
WRONG_SHAPES: dict[str, Any] = {
    "null": None,
    "a-list": [GOOD],
    "a-text": "{}",
    "a-number": 7,
    "true": True,
    "null-fields": dict.fromkeys(GOOD),
    "schema-is-an-object": {**GOOD, "schema": {"type": "object"}},
    "schema-is-a-number": {**GOOD, "schema": 5},
    "schema-is-a-list": {**GOOD, "schema": ["{}"]},
    "nested-in-another": {"data": GOOD},
}
WRONG_NUMBERS: dict[str, Any] = {
    "id-is-a-text": {**GOOD, "id": "11"},
    "id-is-a-fraction": {**GOOD, "id": 11.5},
    "id-is-true": {**GOOD, "id": True},
    "id-is-negative": {**GOOD, "id": -1},
    "id-is-too-large-for-a-frame": {**GOOD, "id": 2**40},
    "version-is-a-text": {**GOOD, "version": "latest"},
}
WRONG_BYTES = {
    "empty": b"",
    "html": b"<html>please log in</html>",
    "cut-off": b'{"schema": "{',
    "not-utf-8": b'{"schema": "\xff"}',
    "nested-too-deep": b"[" * 1_000_000,
    "a-number-of-many-digits": b'{"schema": ' + b"9" * 5_000 + b"}",
    "huge": b'{"schema": "' + b"x" * (MAX_BYTES + 1) + b'"}',
}


@pytest.mark.parametrize("document", WRONG_SHAPES.values(), ids=WRONG_SHAPES.keys())
def test_the_right_status_with_the_wrong_shape_means_unavailable(
    registry: SchemaRegistry, server: ScriptedRegistry, document: Any
) -> None:
    server.responds_with(200, document)

    for request in (lambda: registry.latest("s"), lambda: registry.by_id(7)):
        with pytest.raises(RegistryUnavailableError, match=r"the schema registry.s response for .* is invalid"):
            request()


@pytest.mark.parametrize("document", WRONG_NUMBERS.values(), ids=WRONG_NUMBERS.keys())
def test_a_number_that_no_registry_gives_means_unavailable(
    registry: SchemaRegistry, server: ScriptedRegistry, document: Any
) -> None:
    server.responds_with(200, document)

    with pytest.raises(RegistryUnavailableError, match=r"its (id|version) is"):
        registry.latest("s")


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("body", WRONG_BYTES.values(), ids=WRONG_BYTES.keys())
def test_bytes_that_are_no_document_mean_unavailable_and_are_told_in_one_short_line(
    registry: SchemaRegistry, server: ScriptedRegistry, status: int, body: bytes
) -> None:
    server.status, server.body = status, body

    for request in (lambda: registry.latest("s"), lambda: registry.by_id(7)):
        with pytest.raises(RegistryUnavailableError) as failed:
            request()
        assert "\n" not in str(failed.value)
        assert len(str(failed.value)) <= 300


def test_a_response_without_end_is_given_up(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.body, server.endless = b'{"schema": "' + b" " * 65_536, True

    with pytest.raises(RegistryUnavailableError, match=f"more than {MAX_BYTES} bytes"):
        registry.by_id(7)


def test_a_response_that_trickles_is_given_up(server: ScriptedRegistry) -> None:
    server.body, server.endless = b" ", True

    with httpx.Client() as session:
        bound_responses(session, max_seconds=0)
        with pytest.raises(ResponseLimitError, match="it takes more than 0 s"):
            session.get(server.url)


def test_a_compressed_response_is_not_unpacked(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.body, server.headers = gzip.compress(b" " * MAX_BYTES), {"Content-Encoding": "gzip"}

    with pytest.raises(RegistryUnavailableError, match=r"it is compressed \(gzip\)"):
        registry.by_id(7)


class SurprisingError(RuntimeError):
    """An exception that is on nobody's list."""


@pytest.mark.parametrize("kind", [AttributeError, AssertionError, RecursionError, KeyError, OSError, SurprisingError])
def test_whatever_the_client_raises_means_unavailable_with_its_text(
    registry: SchemaRegistry, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise kind("something within")

    monkeypatch.setattr(registry._requests.session, "request", fail)

    for request in (lambda: registry.latest("s"), lambda: registry.by_id(7)):
        with pytest.raises(RegistryUnavailableError, match=f"{kind.__name__}: .*something within"):
            request()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_signal_in_a_lookup_ends_the_process(
    registry: SchemaRegistry, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise kind

    monkeypatch.setattr(registry._requests.session, "request", interrupt)

    with pytest.raises(kind):
        registry.by_id(7)


def test_threads_share_a_registry(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.echoes_ids = True

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(registry.by_id, range(400)))

    assert found == [str(schema_id) for schema_id in range(400)]


def test_a_subject_of_any_name_is_one_part_of_the_path(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.responds_with(200, GOOD)

    registry.latest("a/b?c#d %é")

    assert server.paths == ["/subjects/a%2Fb%3Fc%23d%20%25%C3%A9/versions/latest"]


def test_a_response_that_is_not_json_means_unavailable(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.status, server.body = 200, b"<html>please log in</html>"

    with pytest.raises(RegistryUnavailableError, match="the response for schema id 7 is none of a schema registry's"):
        registry.by_id(7)


def test_a_lookup_that_failed_is_retried(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.responds_with(404, {"error_code": 40403, "message": "not yet"})
    with pytest.raises(SchemaNotFoundError, match="the schema registry has no schema id 7"):
        registry.by_id(7)

    server.responds_with(200, {"schema": "{}"})
    assert registry.by_id(7) == "{}"


def test_a_registry_that_is_not_there_is_unavailable() -> None:
    with (
        SchemaRegistry({"url": "http://127.0.0.1:1", "retries.wait.ms": 1}) as registry,
        pytest.raises(RegistryUnavailableError, match="cannot be reached for schema id 7"),
    ):
        registry.by_id(7)
