"""The kinds of failures of lookups; lookups in a real registry are in tests/kafka."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from service_chassis.schema_registry import (
    RegisteredSchema,
    RegistryError,
    RegistryUnauthorizedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
    SchemaRegistry,
)


class ScriptedRegistry(ThreadingHTTPServer):
    """Responds to every request as the test says, and counts them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body: bytes = b""
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def responds_with(self, status: int, document: Any) -> None:
        self.status, self.body = status, json.dumps(document).encode()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedRegistry

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[ScriptedRegistry]:
    with ScriptedRegistry() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def registry(server: ScriptedRegistry) -> Iterator[SchemaRegistry]:
    with SchemaRegistry({"url": server.url, "retries.wait.ms": 1, "basic.auth.user.info": "me:hush"}) as registry:
        yield registry


def test_the_latest_version_is_looked_up_each_time(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    for version in (1, 2):
        server.responds_with(200, {"id": 10 + version, "version": version, "subject": "s", "schema": "{}"})

        assert registry.latest("s") == RegisteredSchema(10 + version, version, "s", "{}")


def test_a_schema_is_looked_up_once(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.responds_with(200, {"schema": "{}"})

    assert [registry.by_id(7) for _ in range(3)] == ["{}"] * 3
    assert server.requests == 1


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


def test_a_response_that_is_not_json_means_unavailable(registry: SchemaRegistry, server: ScriptedRegistry) -> None:
    server.status, server.body = 200, b"<html>please log in</html>"

    with pytest.raises(RegistryUnavailableError, match="the schema registry's response for schema id 7 is invalid"):
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
