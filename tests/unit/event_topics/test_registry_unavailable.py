"""A registry that fails between two requests, as no real one does on demand: the time it costs is bounded."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from event_topics import DesiredSchema, Failure, ObservedSubject, SchemaSubjects
from event_topics.registry.client import RegistryClient, RegistryRequestError
from heartzone_testing.services.scripted_registry import ScriptedRegistry

NAMES = [f"subject-{number}" for number in range(200)]


class Registry(ThreadingHTTPServer):
    """Lists its subjects; on any other request it closes the connection, or responds with a page."""

    daemon_threads = True
    page: str | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://user:s3cret@127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.requests += 1
        body = json.dumps(NAMES) if self.path == "/subjects" else self.server.page
        if body is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", [None, "<html>Welcome to nginx</html>"])
def test_when_it_fails_the_remaining_subjects_do_not_wait_in_turn(registry: Registry, page: str | None) -> None:
    registry.page = page

    with SchemaSubjects({"url": registry.url}) as subjects:
        found = subjects.observe(dict.fromkeys(NAMES, DesiredSchema("JSON", "{}")))

    assert found.keys() == set(NAMES)
    for failure in found.values():
        assert isinstance(failure, Failure)
        assert (failure.reason, failure.transient) == ("RegistryUnavailable", True)
        assert "s3cret" not in failure.message
    assert registry.requests < 40


@pytest.mark.parametrize("document", [None, "subjects", 3, {"error": "no list"}], ids=repr)
def test_a_listing_of_another_shape_is_a_registry_that_is_unavailable(document: object) -> None:
    with ScriptedRegistry() as server:
        server.responds_with(200, document)
        client = RegistryClient({"url": server.url}, timeout=5, on_request=lambda: None)
        try:
            with pytest.raises(RegistryRequestError, match="did not respond as a registry does") as raised:
                client.listing("subjects", str)
        finally:
            client.close()
    assert raised.value.failure.transient


@pytest.mark.parametrize("document", [[1, "orders-value"], [None], [["orders-value"]]], ids=repr)
def test_names_that_are_no_text_are_a_registry_that_is_unavailable(document: object) -> None:
    with ScriptedRegistry() as server, SchemaSubjects({"url": server.url}) as subjects:
        server.responds_with(200, document)

        assert unavailable(subjects.names())
        assert unavailable(subjects.changes(None))
        assert unavailable(subjects.observe({"orders-value": DesiredSchema("JSON", "{}")})["orders-value"])


@pytest.mark.parametrize(
    "changed",
    [
        {"compatibilityLevel": 3},
        {"compatibilityLevel": None},
        {"id": None},
        {"id": "7"},
        {"version": True},
        {"version": None},
        {"schema": None},
        {"schema": {"type": "object"}},
        {"schemaType": 1},
    ],
    ids=repr,
)
def test_a_version_of_another_shape_is_a_registry_that_is_unavailable(changed: dict[str, object]) -> None:
    whole = {"compatibilityLevel": "NONE", "id": 7, "version": 1, "schema": "{}", "schemaType": "JSON"}
    with ScriptedRegistry() as server, SchemaSubjects({"url": server.url}) as subjects:
        server.responds_with(200, whole)
        assert isinstance(subjects.latest(["orders-value"])["orders-value"], ObservedSubject)

        server.responds_with(200, {**whole, **changed})

        assert unavailable(subjects.latest(["orders-value"])["orders-value"])


def unavailable(found: object) -> bool:
    return isinstance(found, Failure) and found.reason == "RegistryUnavailable"
