"""Drift: the operator's quick checks notice changes by hand in the registry, at a known cost in requests."""

import asyncio
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics import (
    DesiredSchema,
    DesiredTopic,
    Failure,
    KafkaTopics,
    Observed,
    ObservedSubject,
    RegisterSchema,
    SchemaSubjects,
    SetCompatibility,
    plan,
)
from heartzone_operator.cluster.cluster import Cluster
from heartzone_testing.operators.event_topics import SCHEMA_1, SCHEMA_2

NUMBER = 6


class QuickChecks:
    """`NUMBER` subjects that are as desired, and the operator's quick checks of them."""

    def __init__(self, kafka: EmbeddedKafka, registry_url: str, *, sweep: int) -> None:
        prefix = uuid.uuid4().hex[:8]
        schema = DesiredSchema("JSON", SCHEMA_1, "BACKWARD")
        self.desired = [
            DesiredTopic(resource=f"r/{number}", topic=f"{prefix}-{number}", partitions=1, value_schema=schema)
            for number in range(NUMBER)
        ]
        self.requests = 0
        self.deleted: set[str] = set()
        self.observed: Mapping[str, ObservedSubject | Failure] = {}
        self.registry = SchemaSubjects({"url": registry_url}, timeout=30, on_request=self._count)
        self.by_hand = SchemaSubjects({"url": registry_url}, timeout=30)
        self._cluster = Cluster(KafkaTopics(kafka.client_config()), self.registry, compatibility_sweep=sweep)
        actions = plan(self.desired, Observed()).actions
        assert {failure for _, failure in asyncio.run(self._cluster.apply(actions))} == {None}
        for _ in range(2):  # the first one after a change is in full
            assert self.drifted() == set()

    def _count(self) -> None:
        self.requests += 1

    def subject(self, number: int) -> str:
        return f"{self.desired[number].topic}-value"

    def loosen(self, number: int) -> None:
        change = SetCompatibility(
            resource="", topic="", half="valueSchema", subject=self.subject(number), before=None, after="NONE"
        )
        assert [failure for _, failure in self.by_hand.apply([change])] == [None]

    def settle(self) -> None:
        """Apply what is desired, and observe it, as the operator does."""
        observed = asyncio.run(self._cluster.observe(self.desired, full=True))
        actions = plan(self.desired, observed).actions
        assert {failure for _, failure in asyncio.run(self._cluster.apply(actions))} == {None}
        asyncio.run(self._cluster.observe(self.desired, full=True))

    def register(self, number: int, text: str) -> None:
        self.register_in(self.subject(number), text)

    def register_in(self, subject: str, text: str) -> None:
        change = RegisterSchema(
            resource="", topic="", half="valueSchema", subject=subject, type="JSON", text=text, latest=None
        )
        assert [failure for _, failure in self.by_hand.apply([change])] == [None]

    def drifted(self) -> set[str]:
        """The subjects that a quick check observes in another state than the desired one."""
        self.requests = 0
        observed = asyncio.run(self._cluster.observe(self.desired, full=False)).subjects
        assert observed.keys() == {self.subject(number) for number in range(NUMBER)} - self.deleted
        self.observed = observed
        return {name for name, each in observed.items() if not _is_as_desired(each)}


def _is_as_desired(each: object) -> bool:
    assert isinstance(each, ObservedSubject), each
    assert each.latest is not None
    return each.compatibility == "BACKWARD" and each.desired_version == each.latest.version


@contextmanager
def quick_checks(kafka: EmbeddedKafka, registry_url: str, *, sweep: int) -> Iterator[QuickChecks]:
    each = QuickChecks(kafka, registry_url, sweep=sweep)
    try:
        yield each
    finally:
        each.registry.close()
        each.by_hand.close()


def test_up_to_the_sweep_a_changed_level_is_observed_at_once_for_one_request_a_subject(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=NUMBER) as each:
        each.loosen(3)

        assert each.drifted() == {each.subject(3)}
        assert each.requests == 1 + NUMBER


def test_beyond_the_sweep_a_quick_check_costs_two_requests_and_each_level_has_its_turn(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=NUMBER - 1) as each:
        for number in range(NUMBER):
            each.loosen(number)
        found: set[str] = set()
        for _ in range(NUMBER):
            found |= each.drifted()
            assert each.requests == 2

        assert found == {each.subject(number) for number in range(NUMBER)}


@pytest.mark.parametrize("sweep", [0, NUMBER])
def test_a_version_registered_by_hand_is_observed_at_once_and_its_level_with_it(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry, sweep: int
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=sweep) as each:
        each.loosen(2)
        each.register(2, SCHEMA_2)

        assert each.drifted() == {each.subject(2)}
        observed = each.observed[each.subject(2)]
        assert isinstance(observed, ObservedSubject)
        assert observed.compatibility == "NONE"


def test_what_others_register_and_delete_costs_no_look_at_any_of_ours(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=0) as each:
        others = [f"{uuid.uuid4().hex}-value" for _ in range(3)]
        for subject in others:
            each.register_in(subject, SCHEMA_1)
        assert each.drifted() == set()
        assert each.requests == 2, "one to find what has changed, and one level"

        each.by_hand.delete(others[:1])
        assert each.drifted() == set()
        assert each.requests == 4, "deletions cost two more"


@pytest.mark.parametrize("way", ["version", "subject", "subject for good"])
def test_what_is_deleted_by_hand_is_observed_at_once(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry, way: str
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=0) as each:
        each.register(2, SCHEMA_2)
        assert each.drifted() == {each.subject(2)}
        with SchemaRegistryClient({"url": embedded_registry.url}) as client:
            if way == "version":
                client.delete_version(each.subject(2), 2)
                assert each.drifted() == set()
            else:
                client.delete_subject(each.subject(2))
                if way == "subject for good":
                    client.delete_subject(each.subject(2), permanent=True)
                each.deleted = {each.subject(2)}
                assert each.drifted() == set()


def test_what_the_operator_registers_itself_is_not_looked_at_again(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=0) as each:
        each.desired = [replace(topic, value_schema=DesiredSchema("JSON", SCHEMA_2)) for topic in each.desired]
        each.settle()

        each.drifted()

        assert each.requests == 1


def test_subjects_whose_spec_has_no_level_cost_nothing(
    embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry
) -> None:
    with quick_checks(embedded_kafka, embedded_registry.url, sweep=NUMBER) as each:
        each.desired = [_without_level(topic) for topic in each.desired]

        each.drifted()
        assert each.requests == 1


def _without_level(topic: DesiredTopic) -> DesiredTopic:
    schema = DesiredSchema("JSON", SCHEMA_1)
    return DesiredTopic(resource=topic.resource, topic=topic.topic, partitions=1, value_schema=schema)


class WithoutListing(BaseHTTPRequestHandler):
    """Forwards everything to a registry, but has no GET /schemas, as some registries."""

    upstream = ""

    def _forward(self) -> None:
        if self.path.startswith("/schemas?") or self.path == "/schemas":
            self._respond(404, b'{"error_code": 404, "message": "HTTP 404 Not Found"}')
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"} if body else {}
        request = urllib.request.Request(self.upstream + self.path, body or None, headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                self._respond(response.status, response.read())
        except urllib.error.HTTPError as error:
            self._respond(error.code, error.read())

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_PUT(self) -> None:
        self._forward()

    def _respond(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def without_listing(embedded_registry: EmbeddedRegistry) -> Iterator[str]:
    handler = type("Handler", (WithoutListing,), {"upstream": embedded_registry.url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_registry_that_lists_no_schemas_is_observed_subject_by_subject(
    embedded_kafka: EmbeddedKafka, without_listing: str
) -> None:
    with quick_checks(embedded_kafka, without_listing, sweep=NUMBER) as each:
        each.register(2, SCHEMA_2)
        assert each.drifted() == {each.subject(2)}

    with quick_checks(embedded_kafka, without_listing, sweep=0) as each:
        each.register(2, SCHEMA_2)
        assert {name for _ in range(NUMBER) for name in each.drifted()} == {each.subject(2)}
