"""Lookups of schema ids, known, unknown and while the registry is unavailable."""

import pytest

from exactly_once import PoisonRecord, Unavailable
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.writer_schemas import WriterSchemas
from service_chassis.schema_registry import RegistryUnavailableError, SchemaNotFoundError


class Registry:
    """Responds with what the test says, and counts the requests."""

    def __init__(self) -> None:
        self.response: str | Exception = SchemaNotFoundError("no such id")
        self.requests = 0
        self.now = 1000.0

    def schema_of(self, schema_id: int) -> str:
        self.requests += 1
        if isinstance(self.response, Exception):
            raise self.response
        return self.response

    def schemas(self) -> WriterSchemas:
        return WriterSchemas(
            self.schema_of, lambda schema: BiometricsDecoder({"title": schema}), timeout=10, clock=lambda: self.now
        )


def test_a_known_id_is_looked_up_once() -> None:
    registry = Registry()
    registry.response = "{}"
    schemas = registry.schemas()

    assert schemas.decoder_of(1) is schemas.decoder_of(1)
    assert registry.requests == 1


def test_an_unknown_id_is_looked_up_again_until_it_is_found() -> None:
    registry = Registry()
    schemas = registry.schemas()

    with pytest.raises(Unavailable, match="schema_not_found_yet"):
        schemas.decoder_of(1)
    registry.now += 5
    registry.response = "{}"

    schemas.decoder_of(1)


def test_an_unknown_id_is_poison_after_the_timeout_and_does_not_flood_the_registry() -> None:
    registry = Registry()
    schemas = registry.schemas()

    with pytest.raises(Unavailable):
        schemas.decoder_of(1)
    registry.now += 10
    for _ in range(100):
        with pytest.raises(PoisonRecord, match="does not know schema id 1, looked up for 10 s"):
            schemas.decoder_of(1)

    assert registry.requests == 2


def test_an_id_that_was_poison_is_found_when_it_arrives_at_last() -> None:
    registry = Registry()
    schemas = registry.schemas()
    with pytest.raises(Unavailable):
        schemas.decoder_of(1)
    registry.now += 10
    with pytest.raises(PoisonRecord):
        schemas.decoder_of(1)

    registry.now += 10
    registry.response = "{}"

    schemas.decoder_of(1)


def test_an_unavailable_registry_never_makes_a_record_poison_however_long() -> None:
    registry = Registry()
    registry.response = RegistryUnavailableError("refused")
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


def test_a_text_that_is_no_json_schema_makes_its_records_poison() -> None:
    registry = Registry()
    registry.response = "{}"

    def reject(schema: str) -> BiometricsDecoder:
        raise ValueError("no JSON Schema")

    with pytest.raises(PoisonRecord, match="schema id 1 is not a JSON Schema that this worker can read"):
        WriterSchemas(registry.schema_of, reject, timeout=10).decoder_of(1)
