"""One subject or topic on which a registry or Kafka fails, while it serves all others."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from event_topics import DesiredSchema, Failure, ObservedSubject, SchemaSubjects
from event_topics.kafka.admin import KafkaAdmin

NAMES = [f"subject-{number}" for number in range(40)]
FOUND = {"compatibilityLevel": "NONE", "id": 7, "version": 1, "schema": "{}", "schemaType": "JSON"}


class Registry(ThreadingHTTPServer):
    """Has all `NAMES`; responds with `status` about those of `bad`, and with nothing when that is None."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bad: set[str] = set()
        self.status: int | None = 500
        self.lists = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        status: int | None = 200
        document: object = FOUND
        if self.path.startswith("/subjects?"):
            status, document = (200, NAMES) if self.server.lists else (503, {"error_code": 503, "message": "no"})
        elif any(f"/{name}/" in f"{self.path.partition('?')[0]}/" for name in self.server.bad):
            status, document = self.server.status, {"error_code": 50001, "message": "Could not resolve $ref"}
        if status is None:
            self.close_connection = True
            return
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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


def observed(registry: Registry) -> dict[str, str]:
    """The reasons of the subjects that could not be observed."""
    with SchemaSubjects({"url": registry.url}) as subjects:
        found = subjects.observe(dict.fromkeys(NAMES, DesiredSchema("JSON", "{}")))
    assert found.keys() == set(NAMES)
    return {name: each.reason for name, each in found.items() if not isinstance(each, ObservedSubject)}


@pytest.mark.parametrize("status", [500, 503, 429, None], ids=["500", "503", "429", "no response"])
def test_a_subject_on_which_the_registry_fails_does_not_count_as_an_outage(
    registry: Registry, status: int | None
) -> None:
    registry.bad, registry.status = {"subject-3"}, status

    assert observed(registry) == {"subject-3": "SubjectFailed"}


def test_its_message_quotes_the_registry_and_it_does_not_pass_by_itself(registry: Registry) -> None:
    registry.bad = {"subject-3"}

    with SchemaSubjects({"url": registry.url}) as subjects:
        failure = subjects.observe({"subject-3": DesiredSchema("JSON", "{}")})["subject-3"]

    assert isinstance(failure, Failure)
    assert "Could not resolve $ref" in failure.message
    assert not failure.transient


def test_when_many_have_no_response_the_rest_does_not_wait_for_timeouts_of_its_own(registry: Registry) -> None:
    registry.bad, registry.status = set(NAMES), None

    reasons = list(observed(registry).values())

    assert "RegistryUnavailable" in reasons
    assert reasons.count("SubjectFailed") <= 16


def test_a_registry_that_fails_on_a_neutral_request_too_is_unavailable(registry: Registry) -> None:
    with SchemaSubjects({"url": registry.url}) as subjects:
        registry.bad, registry.lists = {"subject-3"}, False
        level = subjects.compatibilities(["subject-3"])["subject-3"]

    assert isinstance(level, Failure)
    assert level.reason == "RegistryUnavailable"


def requested(*outcomes: int | None, serves: bool = True) -> list[str | None]:
    """Request topics, each with this error or none; return the reasons of their failures."""
    admin = KafkaAdmin({"bootstrap.servers": "127.0.0.1:1"}, timeout=1, on_request=lambda name: None)

    def call(_: AdminClient) -> dict[str, "Future[Any]"]:
        return {str(number): _future(code) for number, code in enumerate(outcomes)}

    cast("Any", admin)._serves = lambda: serves
    return [
        str(each.reason) if isinstance(each, Failure) else None
        for _, each in admin.request("create_topics", cast("Callable[[AdminClient], Any]", call), ["0"])
    ]


def _future(code: int | None) -> "Future[Any]":
    future: Future[Any] = Future()
    if code is None:
        future.set_result(None)
    else:
        future.set_exception(KafkaException(KafkaError(code)))
    return future


def test_a_topic_on_which_kafka_fails_while_it_serves_others_is_no_outage() -> None:
    assert requested(None, KafkaError.REQUEST_TIMED_OUT) == [None, "TopicFailed"]


def test_a_topic_alone_in_its_request_is_an_outage_only_when_kafka_does_not_serve_a_neutral_one() -> None:
    assert requested(KafkaError._TIMED_OUT) == ["TopicFailed"]
    assert requested(KafkaError._TIMED_OUT, serves=False) == ["KafkaUnavailable"]


def test_a_request_of_which_every_topic_fails_is_an_outage() -> None:
    assert requested(KafkaError._TIMED_OUT, KafkaError._TIMED_OUT) == ["KafkaUnavailable", "KafkaUnavailable"]


def test_a_quota_that_is_used_up_is_no_outage() -> None:
    assert requested(KafkaError.THROTTLING_QUOTA_EXCEEDED, KafkaError.THROTTLING_QUOTA_EXCEEDED) == ["TopicFailed"] * 2
