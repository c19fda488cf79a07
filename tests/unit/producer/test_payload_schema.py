"""Records carry the schema id of the latest version that accepts them."""

import json
from collections.abc import Sequence

from structlog.testing import capture_logs

from heartzone.messages import Biometrics, json_schema
from heartzone.wire import frame_prefix
from heartzone_producer.writing.payload_schema import PayloadSchema
from service_chassis.schema_registry import RegisteredSchema, RegistryUnavailableError, SchemaNotFoundError

OURS = json.dumps(json_schema(Biometrics))
NEWER = json.dumps({**json_schema(Biometrics), "additionalProperties": True})
STRANGER = json.dumps({"type": "string"})

Response = RegisteredSchema | Exception


def _version(number: int, schema: str = OURS) -> RegisteredSchema:
    return RegisteredSchema(id=100 + number, version=number, subject="BiometricsImported-value", schema=schema)


def _checked(responses: Sequence[Response]) -> tuple[list[str | None], bytes | None]:
    """The problem that each check finds, and the framing after the last."""
    remaining = list(responses)

    def latest() -> RegisteredSchema:
        response = remaining.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    schema = PayloadSchema(latest)
    return [schema.check() for _ in responses], schema.prefix


def test_the_latest_version_frames_records() -> None:
    assert _checked([_version(1)]) == ([None], frame_prefix(101))


def test_a_newer_version_is_used_when_it_accepts_what_is_written() -> None:
    assert _checked([_version(1), _version(2, NEWER)]) == ([None, None], frame_prefix(102))


def test_nothing_is_framed_until_the_subject_is_there() -> None:
    problems, prefix = _checked([SchemaNotFoundError("there is no subject")])

    assert (problems, prefix) == (["there is no subject"], None)


def test_an_incompatible_schema_frames_nothing() -> None:
    (problem,), prefix = _checked([_version(1, STRANGER)])

    assert problem is not None
    assert "BiometricsImported-value version 1 does not accept" in problem
    assert prefix is None


def test_the_version_in_use_stays_when_a_newer_one_is_incompatible() -> None:
    assert _checked([_version(1), _version(2, STRANGER)]) == ([None, None], frame_prefix(101))


def test_a_known_schema_stays_good_while_the_registry_is_unavailable() -> None:
    assert _checked([_version(1), RegistryUnavailableError("no response")]) == ([None, None], frame_prefix(101))


def test_lookups_that_fail_while_a_schema_is_known_are_told_once_until_they_succeed() -> None:
    """Credentials that the registry rejects, say, which would keep the next start from being ready."""
    rejected = RegistryUnavailableError("responds with 401")

    with capture_logs() as logs:
        _checked([_version(1), rejected, rejected, _version(1), rejected])

    assert [(each["event"], each.get("reason")) for each in logs if "lookup" in each["event"]] == [
        ("payload_schema_lookup_failed", "responds with 401"),
        ("payload_schema_lookup_recovered", None),
        ("payload_schema_lookup_failed", "responds with 401"),
    ]


def test_it_is_resolved_once_the_registry_is_available() -> None:
    problems, prefix = _checked([RegistryUnavailableError("no response"), _version(1)])

    assert (problems, prefix) == (["no response", None], frame_prefix(101))
