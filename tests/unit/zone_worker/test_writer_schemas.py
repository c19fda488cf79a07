"""Patience with schema ids that the registry does not know."""

import pytest

from exactly_once import PoisonRecord, Unavailable
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.writer_schemas import WriterSchemas
from service_chassis.schema_registry import RegistryUnavailable, SchemaNotFound


class Registry:
    """Answers with what the test says, and counts the questions."""

    def __init__(self) -> None:
        self.answer: str | Exception = SchemaNotFound("no such id")
        self.questions = 0
        self.now = 1000.0

    def schema_of(self, schema_id: int) -> str:
        self.questions += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def schemas(self) -> WriterSchemas:
        return WriterSchemas(
            self.schema_of, lambda schema: BiometricsDecoder({"title": schema}), patience=10, clock=lambda: self.now
        )


def test_a_known_id_is_asked_for_once() -> None:
    registry = Registry()
    registry.answer = "{}"
    schemas = registry.schemas()

    assert schemas.decoder_of(1) is schemas.decoder_of(1)
    assert registry.questions == 1


def test_an_unknown_id_is_waited_for_and_then_found() -> None:
    registry = Registry()
    schemas = registry.schemas()

    with pytest.raises(Unavailable, match="schema_not_found_yet"):
        schemas.decoder_of(1)
    registry.now += 5
    registry.answer = "{}"

    schemas.decoder_of(1)


def test_an_unknown_id_is_poison_after_the_patience_and_does_not_flood_the_registry() -> None:
    registry = Registry()
    schemas = registry.schemas()

    with pytest.raises(Unavailable):
        schemas.decoder_of(1)
    registry.now += 10
    for _ in range(100):
        with pytest.raises(PoisonRecord, match="does not know schema id 1, asked for 10 s"):
            schemas.decoder_of(1)

    assert registry.questions == 2


def test_an_id_that_was_poison_is_found_when_it_arrives_at_last() -> None:
    registry = Registry()
    schemas = registry.schemas()
    with pytest.raises(Unavailable):
        schemas.decoder_of(1)
    registry.now += 10
    with pytest.raises(PoisonRecord):
        schemas.decoder_of(1)

    registry.now += 10
    registry.answer = "{}"

    schemas.decoder_of(1)


def test_a_registry_that_is_away_is_never_poison_however_long() -> None:
    registry = Registry()
    registry.answer = RegistryUnavailable("refused")
    schemas = registry.schemas()

    for _ in range(5):
        with pytest.raises(Unavailable, match="schema_registry_away"):
            schemas.decoder_of(1)
        registry.now += 1000


def test_unknown_ids_are_forgotten_before_they_fill_the_memory() -> None:
    registry = Registry()
    schemas = registry.schemas()

    for schema_id in range(10_001):
        with pytest.raises(Unavailable):
            schemas.decoder_of(schema_id)

    assert len(schemas._unknown_since) <= 10_000


def test_a_schema_that_is_none_makes_its_records_poison() -> None:
    registry = Registry()
    registry.answer = "{}"

    def refuse(schema: str) -> BiometricsDecoder:
        raise ValueError("no JSON Schema")

    with pytest.raises(PoisonRecord, match="schema id 1 is not a JSON Schema that this worker can read"):
        WriterSchemas(registry.schema_of, refuse, patience=10).decoder_of(1)
