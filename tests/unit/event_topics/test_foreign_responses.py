"""Responses of what is in the place of a registry: told, and never taken for the absence of a subject."""

from collections.abc import Iterator

import pytest

from event_topics import Failure, SchemaSubjects
from event_topics.model.reasons import FailureReason
from heartzone_testing.services.scripted_registry import ScriptedRegistry


@pytest.fixture
def server() -> Iterator[ScriptedRegistry]:
    with ScriptedRegistry() as server:
        yield server


def failure_at(urls: str) -> Failure:
    with SchemaSubjects({"url": urls}) as subjects:
        found = subjects.names()
    assert isinstance(found, Failure)
    return found


def test_a_redirect_is_told_with_where_to_and_without_credentials(server: ScriptedRegistry) -> None:
    server.status, server.headers = 308, {"Location": "https://user:hush@elsewhere/subjects?token=hush"}

    failure = failure_at(server.url.replace("//", "//me:hush-hush@"))

    assert failure.reason is FailureReason.REGISTRY_NOT_FOUND
    assert "redirects to https://elsewhere/subjects" in failure.message
    assert "hush" not in failure.message


def test_after_a_response_that_is_none_of_a_registry_s_the_next_address_is_asked(server: ScriptedRegistry) -> None:
    with ScriptedRegistry() as page:
        page.status, page.body = 200, b"<html>please log in</html>"
        server.responds_with(200, ["b", "a"])
        with SchemaSubjects({"url": f"{page.url},{server.url}"}) as subjects:
            assert subjects.names() == ("a", "b")


def test_credentials_in_any_of_several_addresses_are_in_no_message(server: ScriptedRegistry) -> None:
    server.status, server.body = 200, b"<html>please log in</html>"

    failure = failure_at(f"http://127.0.0.1:1,{server.url}".replace("//", "//me:hush-hush@"))

    assert "hush-hush" not in failure.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>nothing here</html>"),
        (404, b'{"error_code": 404}'),
        (404, b'{"error_code": [40401]}'),
        (404, b'{"error_code": "40401"}'),
        (400, b'{"error_code": 40401}'),
        (500, b'{"error_code": 40401}'),
        (403, b'{"error_code": 40401}'),
        (302, b'{"error_code": 40401}'),
        (200, b""),
        (200, b'{"error_code": 40401}'),
        (200, b"<html></html>"),
    ],
)
def test_only_a_registry_s_own_404_means_that_a_subject_is_absent(
    server: ScriptedRegistry, status: int, body: bytes
) -> None:
    server.status, server.body = status, body
    with SchemaSubjects({"url": server.url}) as subjects:
        assert isinstance(subjects.compatibilities(["subject"])["subject"], Failure)
        assert isinstance(subjects.latest(["subject"])["subject"], Failure)


def test_a_registry_s_own_404_does(server: ScriptedRegistry) -> None:
    server.responds_with(404, {"error_code": 40408, "message": "Subject 'subject' does not have a level"})
    with SchemaSubjects({"url": server.url}) as subjects:
        assert subjects.compatibilities(["subject"]) == {"subject": None}
