"""Which schema id records carry: that of the latest version which accepts them."""

import json
from collections.abc import Sequence

from heartzone.messages import Biometrics, json_schema
from heartzone.wire import frame_prefix
from heartzone_producer.writing.payload_schema import PayloadSchema
from service_chassis.schema_registry import RegisteredSchema, RegistryUnavailableError, SchemaNotFoundError

OURS = json.dumps(json_schema(Biometrics))
NEWER = json.dumps({**json_schema(Biometrics), "additionalProperties": True})
STRANGER = json.dumps({"type": "string"})

Answer = RegisteredSchema | Exception


def _version(number: int, schema: str = OURS) -> RegisteredSchema:
    return RegisteredSchema(id=100 + number, version=number, subject="BiometricsImported-value", schema=schema)


def _asked(answers: Sequence[Answer]) -> tuple[list[str | None], bytes | None]:
    """What each look finds, and the framing after the last."""
    remaining = list(answers)

    def latest() -> RegisteredSchema:
        answer = remaining.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    schema = PayloadSchema(latest)
    return [schema.check() for _ in answers], schema.prefix


def test_the_latest_version_frames_records() -> None:
    assert _asked([_version(1)]) == ([None], frame_prefix(101))


def test_a_newer_version_is_used_when_it_accepts_what_is_written() -> None:
    assert _asked([_version(1), _version(2, NEWER)]) == ([None, None], frame_prefix(102))


def test_nothing_is_framed_until_the_subject_is_there() -> None:
    problems, prefix = _asked([SchemaNotFoundError("there is no subject")])

    assert (problems, prefix) == (["there is no subject"], None)


def test_a_schema_that_refuses_what_is_written_frames_nothing() -> None:
    (problem,), prefix = _asked([_version(1, STRANGER)])

    assert problem is not None
    assert "BiometricsImported-value version 1 does not accept" in problem
    assert prefix is None


def test_the_version_in_use_stays_when_a_newer_one_refuses_what_is_written() -> None:
    assert _asked([_version(1), _version(2, STRANGER)]) == ([None, None], frame_prefix(101))


def test_a_known_schema_stays_good_while_the_registry_is_away() -> None:
    assert _asked([_version(1), RegistryUnavailableError("no answer")]) == ([None, None], frame_prefix(101))


def test_it_is_found_once_the_registry_is_back() -> None:
    problems, prefix = _asked([RegistryUnavailableError("no answer"), _version(1)])

    assert (problems, prefix) == (["no answer", None], frame_prefix(101))
