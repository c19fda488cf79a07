"""Lookups of schema ids apart from the worker's loop: known, unknown, and while the registry is of no use."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Barrier, Event, Lock

import pytest
from confluent_kafka import Message

from exactly_once import PoisonRecord, Scope, Unavailable
from heartzone.wire import frame_prefix
from heartzone_testing.waiting import eventually
from heartzone_zone_worker import writer_schemas
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.writer_schemas import WriterSchemas
from service_chassis.schema_registry import RegistryUnavailableError, SchemaNotFoundError


class Registry:
    """Responds with what the test says, and counts the lookups of each id."""

    def __init__(self) -> None:
        self.respond: Callable[[int], str] = self.know_nothing
        self.missing: str | Exception | None = None
        self.checks = 0
        self.resolved: list[int] = []
        self.requests: Counter[int] = Counter()
        self._lock = Lock()

    def know_nothing(self, schema_id: int) -> str:
        raise SchemaNotFoundError(f"no schema id {schema_id}")

    def schema_of(self, schema_id: int) -> str:
        with self._lock:
            self.requests[schema_id] += 1
        return self.respond(schema_id)

    def check(self) -> str | None:
        self.checks += 1
        if isinstance(self.missing, Exception):
            raise self.missing
        return self.missing

    def schemas(
        self, timeout: float = 0, decoder_for: Callable[[str], BiometricsDecoder] = BiometricsDecoder.for_schema
    ) -> WriterSchemas:
        return WriterSchemas(
            self.schema_of,
            decoder_for,
            missing=self.check,
            resolved=lambda schema_id, _text: self.resolved.append(schema_id),
            timeout=timeout,
        )


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def schemas(registry: Registry) -> Iterator[WriterSchemas]:
    with registry.schemas() as schemas:
        yield schemas


def known(schema_id: int) -> str:
    return "{}"


def written_with(*schema_ids: int) -> list[Message]:
    return [
        Message(topic="in", partition=0, offset=offset, value=frame_prefix(each) + b"{}")
        for offset, each in enumerate(schema_ids)
    ]


def result(schemas: WriterSchemas, schema_id: int) -> BiometricsDecoder | PoisonRecord | Unavailable:
    """What the transform gets; it never waits."""
    try:
        return schemas.decoder_of(schema_id)
    except (PoisonRecord, Unavailable) as raised:
        return raised


def await_result(schemas: WriterSchemas, schema_id: int) -> BiometricsDecoder | PoisonRecord:
    """What it gets in the end, trying again when it is told to."""
    while isinstance(found := result(schemas, schema_id), Unavailable):
        assert found.ready is not None
        eventually(found.ready, f"a result for schema id {schema_id}")
    return found


def test_a_known_id_is_looked_up_once(registry: Registry, schemas: WriterSchemas) -> None:
    registry.respond = known

    first = result(schemas, 1)
    assert isinstance(first, Unavailable)
    assert (first.reason, first.scope) == ("schema_lookup_pending", Scope.RECORD)
    decoder = await_result(schemas, 1)
    assert isinstance(decoder, BiometricsDecoder)
    assert schemas.decoder_of(1) is decoder
    assert registry.requests == {1: 1}
    assert registry.resolved == [1]


def test_an_unknown_id_is_poison_in_the_end_and_does_not_flood_the_registry(
    registry: Registry, schemas: WriterSchemas
) -> None:
    for _ in range(100):
        poison = await_result(schemas, 1)
        assert isinstance(poison, PoisonRecord)
        assert (poison.reason, poison.detail) == (
            "schema_not_found",
            "the schema registry does not know schema id 1, looked up for 0 s",
        )

    assert registry.requests[1] <= 3
    assert registry.checks >= 1


def test_an_id_that_was_not_found_is_found_when_it_arrives_at_last(
    registry: Registry, schemas: WriterSchemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_schemas, "MIN_REJECTED_FOR", 0.5)
    assert isinstance(await_result(schemas, 1), PoisonRecord)

    registry.respond = known
    eventually(lambda: isinstance(result(schemas, 1), BiometricsDecoder), "the decoder")


def test_all_ids_of_the_records_ahead_are_looked_up_at_the_same_time(registry: Registry) -> None:
    together = Barrier(8, timeout=30)

    def respond(schema_id: int) -> str:
        together.wait()
        return "{}"

    registry.respond = respond
    with registry.schemas() as schemas:
        schemas.look_ahead([*written_with(*range(8)), *written_with(3, 3, 3)])
        found = [await_result(schemas, each) for each in range(8)]

    assert all(isinstance(each, BiometricsDecoder) for each in found)
    assert registry.requests == dict.fromkeys(range(8), 1)


def test_ten_thousand_unknown_ids_get_their_results_together(registry: Registry, schemas: WriterSchemas) -> None:
    schemas.look_ahead(written_with(*range(10_000)))

    assert all(isinstance(await_result(schemas, each), PoisonRecord) for each in range(10_000))
    assert registry.requests.total() <= 2 * 10_000 + 8


def test_a_flood_of_unknown_ids_does_not_hold_a_known_one(registry: Registry) -> None:
    registry.respond = lambda schema_id: known(schema_id) if schema_id == 77_777 else registry.know_nothing(schema_id)
    with registry.schemas(timeout=1_000) as schemas:
        schemas.look_ahead(written_with(*range(20_000)))

        assert isinstance(await_result(schemas, 77_777), BiometricsDecoder)
        assert isinstance(result(schemas, 0), Unavailable)


def test_records_without_a_frame_are_skipped_ahead(registry: Registry, schemas: WriterSchemas) -> None:
    registry.respond = known
    odd = [
        Message(topic="in", partition=0, offset=9, value=value)
        for value in (None, b"", b"{}", b"\x01\x00\x00\x00\x05", b"\x00\xff\xff\xff\xff")
    ]

    schemas.look_ahead([*odd, *written_with(4)])

    assert isinstance(await_result(schemas, 4), BiometricsDecoder)
    assert registry.requests.keys() == {4}


def test_an_id_that_no_registry_can_give_is_poison_without_a_lookup(registry: Registry, schemas: WriterSchemas) -> None:
    poison = result(schemas, 2**31)

    assert isinstance(poison, PoisonRecord)
    assert poison.detail == "schema id 2147483648 is above 2147483647, the largest that a registry gives"
    assert registry.requests == {}


def test_a_registry_that_is_not_whole_makes_nothing_poison(registry: Registry, schemas: WriterSchemas) -> None:
    registry.missing = "it has no subject in-value"

    eventually(lambda: reason(schemas, 1) == "schema_registry_incomplete", "the reason")
    eventually(lambda: registry.checks >= 3, "further checks")
    assert reason(schemas, 1) == "schema_registry_incomplete"

    registry.missing = None
    assert isinstance(await_result(schemas, 1), PoisonRecord)


def test_a_check_that_fails_makes_nothing_poison(registry: Registry, schemas: WriterSchemas) -> None:
    registry.missing = RegistryUnavailableError("no response")

    eventually(lambda: reason(schemas, 1) == "schema_registry_away", "the reason")


def reason(schemas: WriterSchemas, schema_id: int) -> str | None:
    found = result(schemas, schema_id)
    return found.reason if isinstance(found, Unavailable) else None


@pytest.mark.parametrize(
    "error",
    [
        RegistryUnavailableError("no response"),
        AttributeError("'NoneType' object has no attribute 'copy'"),
        AssertionError(),
        RecursionError("maximum recursion depth exceeded"),
        ValueError("not JSON"),
        KeyError("schema"),
        MemoryError(),
    ],
    ids=repr,
)
def test_whatever_a_lookup_raises_is_unavailable_and_the_threads_live_on(
    registry: Registry, schemas: WriterSchemas, error: Exception
) -> None:
    def fail(schema_id: int) -> str:
        raise error

    registry.respond = fail
    schemas.look_ahead(written_with(*range(20)))
    eventually(lambda: reason(schemas, 1) == "schema_registry_away", "the reason")
    eventually(lambda: registry.requests.total() >= 4, "another try")

    registry.respond = known
    assert isinstance(await_result(schemas, 1), BiometricsDecoder)


def test_a_text_that_is_no_json_schema_makes_its_records_poison_unless_the_registry_is_not_whole(
    registry: Registry, schemas: WriterSchemas
) -> None:
    registry.respond = lambda _schema_id: "<html>"
    registry.missing = "it has no subject in-value"
    eventually(lambda: reason(schemas, 1) == "schema_registry_incomplete", "the reason")

    registry.missing = None
    poison = await_result(schemas, 1)
    assert isinstance(poison, PoisonRecord)
    assert poison.reason == "schema_unusable"
    assert poison.detail.startswith("schema id 1 is not a JSON Schema that this worker can read: ")


def test_a_decoder_that_cannot_be_made_for_another_reason_is_unavailable(registry: Registry) -> None:
    def fail(_text: str) -> BiometricsDecoder:
        raise TypeError("a mistake of ours")

    registry.respond = known
    with registry.schemas(decoder_for=fail) as schemas:
        eventually(lambda: reason(schemas, 1) == "schema_registry_away", "the reason")


def test_the_memory_is_bounded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_schemas, "MAX_DECODERS", 10)
    monkeypatch.setattr(writer_schemas, "MAX_REJECTED", 10)
    registry.respond = lambda schema_id: known(schema_id) if schema_id < 100 else registry.know_nothing(schema_id)
    with registry.schemas() as schemas:
        for each in range(80, 120):
            await_result(schemas, each)

        assert len(schemas._decoders) == len(schemas._rejected) == 10
        assert len(schemas._schedule) == 0


def test_the_end_does_not_wait_for_a_lookup_that_hangs(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_schemas, "CLOSE_TIMEOUT", 0.05)
    begun, over = Event(), Event()

    def hang(_schema_id: int) -> str:
        begun.set()
        over.wait(sys.maxsize // 10**9)
        return "{}"

    registry.respond = hang
    with registry.schemas() as schemas:
        result(schemas, 1)
        begun.wait()

    assert not over.is_set()
    over.set()
    eventually(lambda: not any(thread.is_alive() for thread in schemas._threads), "the end of the threads")
