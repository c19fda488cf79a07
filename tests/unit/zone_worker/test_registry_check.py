"""The check that a registry has what it had, and the id that outputs carry when it has not."""

import json

import pytest

from heartzone_zone_worker.lookups.registry_check import REMEMBERED, RegistryCheck
from service_chassis.schema_registry import RegisteredSchema, RegistryUnavailableError, SchemaNotFoundError

OUTPUT = RegisteredSchema(id=7, version=1, subject="zones-value", schema='{"title": "zones"}')
INPUT = RegisteredSchema(id=8, version=1, subject="biometrics-value", schema='{"title": "biometrics"}')


class Contents:
    """What a registry holds, and the ids that outputs were to carry."""

    def __init__(self) -> None:
        self.available = True
        self.compatible = True
        self.subjects: dict[str, RegisteredSchema] = {}
        self.texts: dict[int, str] = {}
        self.carried: list[int | None] = []
        self.register(OUTPUT)
        self.register(INPUT)

    def register(self, schema: RegisteredSchema) -> None:
        self.subjects[schema.subject] = schema
        self.texts[schema.id] = schema.schema

    def clear(self) -> None:
        self.subjects.clear()
        self.texts.clear()

    def latest(self, subject: str) -> RegisteredSchema:
        if not self.available:
            raise RegistryUnavailableError("no response")
        if subject not in self.subjects:
            raise SchemaNotFoundError(subject)
        return self.subjects[subject]

    def by_id(self, schema_id: int) -> str:
        if not self.available:
            raise RegistryUnavailableError("no response")
        if schema_id not in self.texts:
            raise SchemaNotFoundError(str(schema_id))
        return self.texts[schema_id]


@pytest.fixture
def contents() -> Contents:
    return Contents()


@pytest.fixture
def check(contents: Contents) -> RegistryCheck:
    return RegistryCheck(
        contents,
        output=OUTPUT,
        input_subject=INPUT.subject,
        incompatibility=lambda schema: None if contents.compatible else f"{schema.subject} does not accept",
        carry=contents.carried.append,
    )


def test_a_registry_that_has_everything_is_whole(contents: Contents, check: RegistryCheck) -> None:
    check.resolved(INPUT.id, INPUT.schema)

    assert check.missing() is None
    assert contents.carried == []


def test_an_empty_registry_is_not_whole_and_nothing_is_written_until_the_id_of_outputs_is_back(
    contents: Contents, check: RegistryCheck
) -> None:
    contents.clear()
    for _ in range(3):
        assert check.missing() == "it does not have schema id 7, which outputs carry, as it had it before"
    assert contents.carried == [None]

    contents.register(OUTPUT)
    contents.register(INPUT)
    assert check.missing() is None
    assert contents.carried == [None, 7]


def test_outputs_carry_another_id_once_their_subject_has_one_instead(contents: Contents, check: RegistryCheck) -> None:
    contents.clear()
    contents.register(RegisteredSchema(1, 1, OUTPUT.subject, OUTPUT.schema))
    contents.register(RegisteredSchema(2, 1, INPUT.subject, INPUT.schema))

    assert check.missing() is None
    assert check.missing() is None
    assert contents.carried == [1]


def test_an_id_that_is_another_schema_now_is_not_written(contents: Contents, check: RegistryCheck) -> None:
    contents.clear()
    contents.register(RegisteredSchema(OUTPUT.id, 1, INPUT.subject, INPUT.schema))

    assert "schema id 7" in (check.missing() or "")
    assert contents.carried == [None]


def test_a_schema_that_does_not_accept_the_outputs_is_not_written_with(
    contents: Contents, check: RegistryCheck
) -> None:
    contents.clear()
    contents.compatible = False
    contents.register(RegisteredSchema(1, 1, OUTPUT.subject, '{"title": "another"}'))

    assert "zones-value does not accept" in (check.missing() or "")
    assert contents.carried == [None]


def test_a_newer_version_of_the_outputs_schema_changes_nothing(contents: Contents, check: RegistryCheck) -> None:
    contents.register(RegisteredSchema(9, 2, OUTPUT.subject, '{"title": "zones of tomorrow"}'))

    assert check.missing() is None
    assert contents.carried == []


def test_an_unavailable_registry_says_nothing_about_what_it_has(contents: Contents, check: RegistryCheck) -> None:
    contents.available = False

    with pytest.raises(RegistryUnavailableError):
        check.missing()
    assert contents.carried == []


@pytest.mark.parametrize("subject", [OUTPUT.subject, INPUT.subject])
def test_a_registry_without_a_subject_of_ours_is_not_whole(
    contents: Contents, check: RegistryCheck, subject: str
) -> None:
    del contents.subjects[subject]

    assert check.missing() == f"it has no subject {subject}"


def test_a_registry_that_does_not_know_an_id_that_it_knew_is_not_whole(
    contents: Contents, check: RegistryCheck
) -> None:
    contents.texts[20] = "{}"
    check.resolved(20, "{}")
    assert check.missing() is None

    del contents.texts[20]
    assert check.missing() == "it does not have schema id 20 as it had it before"


def test_an_id_that_was_given_to_another_schema_is_noticed(contents: Contents, check: RegistryCheck) -> None:
    check.resolved(20, "{}")
    contents.texts[20] = '{"title": "another"}'

    assert check.missing() == "it does not have schema id 20 as it had it before"


def test_a_schema_that_is_only_written_in_other_words_is_the_same(contents: Contents, check: RegistryCheck) -> None:
    contents.texts[7] = json.dumps(json.loads(OUTPUT.schema), indent=4)
    contents.texts[20] = '{ "b": 1, "a": 2 }'
    check.resolved(20, '{"a": 2, "b": 1}')

    assert check.missing() is None


def test_what_is_remembered_is_bounded(contents: Contents, check: RegistryCheck) -> None:
    for schema_id in range(100, 1_000):
        check.resolved(schema_id, "{}")

    assert len(check._digests) == REMEMBERED
