"""A zone worker whose registry loses its schemas, changes its ids, or responds as no registry does."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Message
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedRegistry
from heartzone.messages import Biometrics, HeartRate, encode, json_schema
from heartzone.wire import frame_prefix, unframe
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.scripted_registry import ScriptedRegistry
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
RegistryFactory = Callable[..., EmbeddedRegistry]


@pytest.fixture
def registry(embedded_registry_factory: RegistryFactory, tmp_path: Path) -> Iterator[EmbeddedRegistry]:
    """A registry of the test's own, which keeps its schemas while it is stopped."""
    registry = embedded_registry_factory(data_dir=tmp_path / "registry")
    yield registry
    registry.stop()


@pytest.fixture
def pipeline(kafka: Testbed, registry: EmbeddedRegistry, tmp_path: Path) -> Pipeline:
    return Pipeline(kafka, registry.client_config(), tmp_path, partitions=2)


def reading(second: int) -> Biometrics:
    return Biometrics(DEVICE, [HeartRate(f"2022-12-02T13:{second // 60:02}:{second % 60:02}Z", 150)], 200)


def send(pipeline: Pipeline, schema_id: int | range, seconds: range, partition: int = 0) -> None:
    """Write one reading for each second, framed with this schema id, or with one of the range each."""
    ids = schema_id if isinstance(schema_id, range) else itertools.repeat(schema_id)
    values = [frame_prefix(each) + encode(reading(second)) for each, second in zip(ids, seconds, strict=False)]
    pipeline.kafka.send(pipeline.biometrics, *values, partition=partition)


def events(pipeline: Pipeline) -> list[Message]:
    return pipeline.kafka.read(pipeline.zones)


def processed(pipeline: Pipeline, count: int) -> bool:
    return len(events(pipeline)) >= count


def problems(worker: ServiceProcess) -> list[str]:
    """What the worker said about the registry, in order."""
    return [event["reason"] for event in worker.events("schema_registry_unusable")]


def register(registry: EmbeddedRegistry, subject: str, schema: dict[str, object]) -> int:
    with SchemaRegistryClient({"url": registry.url}) as client:
        schema_id: int = client.register_schema(subject, Schema(json.dumps(schema), "JSON"))
        return schema_id


def newer_biometrics(registry: EmbeddedRegistry, pipeline: Pipeline) -> int:
    """Register another version of the input's schema, as a newer writer would."""
    schema = copy.deepcopy(json_schema(Biometrics))
    schema["description"] = "Of another day."
    return register(registry, f"{pipeline.biometrics}-value", schema)


def test_a_registry_restarted_empty_poisons_nothing_and_the_worker_goes_on_once_it_is_whole_again(
    pipeline: Pipeline, registry: EmbeddedRegistry, embedded_registry_factory: RegistryFactory
) -> None:
    newer_id = newer_biometrics(registry, pipeline)
    # Without any timeout, so that whatever the worker takes for not found is a dead letter at once.
    with pipeline.worker(settings={"HEARTZONE_SCHEMA_PATIENCE": "0"}) as worker:
        send(pipeline, pipeline.schema_id, range(10))
        eventually(partial(processed, pipeline, 10), "the events of before", 180)

        registry.stop()
        empty = embedded_registry_factory(port=registry.port)
        send(pipeline, newer_id, range(10, 1_010))
        eventually(lambda: "schema_registry_incomplete" in problems(worker), "the loss to be told", 180)
        eventually(lambda: worker.events("output_schema_lost"), "the loss of the output's schema to be told", 180)
        assert worker.get("/livez").status == 200

        empty.stop()
        registry.start()
        eventually(partial(processed, pipeline, 1_010), "the events of all", 180)
        assert worker.metric("heartzone_dead_letters_total") == 0
        assert worker.process.terminate(20) == 0

    assert len(events(pipeline)) == 1_010
    assert {unframe(event.value())[0] for event in events(pipeline)} == {unframe(events(pipeline)[0].value())[0]}
    assert pipeline.kafka.read(pipeline.dead_letters) == []


def test_a_worker_that_is_started_with_an_empty_registry_poisons_nothing(
    pipeline: Pipeline, registry: EmbeddedRegistry, embedded_registry_factory: RegistryFactory
) -> None:
    send(pipeline, pipeline.schema_id, range(100))
    registry.stop()
    empty = embedded_registry_factory(port=registry.port)
    with pipeline.worker(settings={"HEARTZONE_SCHEMA_PATIENCE": "0"}) as worker:
        eventually(lambda: "is not registered yet" in worker.get("/readyz").text, "the reason on /readyz", 180)

        empty.stop()
        registry.start()
        eventually(partial(processed, pipeline, 100), "the events of all", 180)
        assert worker.process.terminate(20) == 0

    assert pipeline.kafka.read(pipeline.dead_letters) == []


def test_outputs_carry_the_id_of_their_subject_in_a_registry_that_took_the_place_of_the_first(
    pipeline: Pipeline, registry: EmbeddedRegistry, embedded_registry_factory: RegistryFactory
) -> None:
    with SchemaRegistryClient({"url": registry.url}) as client:
        schemas = {
            subject: json.loads(client.get_latest_version(subject).schema.schema_str or "")
            for subject in (f"{pipeline.biometrics}-value", f"{pipeline.zones}-value")
        }
    with pipeline.worker() as worker:
        send(pipeline, pipeline.schema_id, range(10))
        eventually(partial(processed, pipeline, 10), "the events of before", 180)

        registry.stop()
        other = embedded_registry_factory(port=registry.port)
        eventually(lambda: worker.events("output_schema_lost"), "the loss of the output's schema to be told", 180)
        for number in range(20):
            register(other, f"filler-{number}", {**json_schema(Biometrics), "title": f"filler {number}"})
        ids = {subject: register(other, subject, schema) for subject, schema in schemas.items()}
        eventually(lambda: worker.events("output_schema_resolved_again"), "the id of the other registry", 180)
        send(pipeline, pipeline.schema_id, range(10, 20))
        send(pipeline, ids[f"{pipeline.biometrics}-value"], range(20, 30))
        eventually(partial(processed, pipeline, 30), "the events of after", 180)
        assert worker.process.terminate(20) == 0

    carried = [unframe(event.value())[0] for event in events(pipeline)]
    assert carried == [carried[0]] * 10 + [ids[f"{pipeline.zones}-value"]] * 20
    assert carried[0] not in ids.values()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"null", id="null"),
        pytest.param(b"[" * 500_000, id="nested"),
    ],
)
def test_what_responds_with_200_in_another_shape_neither_ends_the_worker_nor_poisons_a_record(
    pipeline: Pipeline, registry: EmbeddedRegistry, body: bytes
) -> None:
    newer_id = newer_biometrics(registry, pipeline)
    registry.stop()
    with ScriptedRegistry(registry.port) as server:
        server.body = body
        with pipeline.worker(settings={"HEARTZONE_SCHEMA_PATIENCE": "0"}) as worker:
            eventually(lambda: "is invalid" in worker.get("/readyz").text, "the reason on /readyz", 180)
            server.shutdown()
            server.server_close()
            registry.start()
            send(pipeline, pipeline.schema_id, range(10))
            eventually(partial(processed, pipeline, 10), "the events of before", 180)

            registry.stop()
            with ScriptedRegistry(registry.port) as again:
                again.body = body
                send(pipeline, newer_id, range(10, 110))
                eventually(lambda: "schema_registry_away" in problems(worker), "the trouble to be told", 180)
            registry.start()
            eventually(partial(processed, pipeline, 110), "the events of all", 180)
            assert worker.process.terminate(20) == 0

    assert pipeline.kafka.read(pipeline.dead_letters) == []


def test_two_hundred_unknown_ids_become_dead_letters_and_what_is_good_between_them_does_not(
    pipeline: Pipeline,
) -> None:
    for start in range(0, 200, 50):
        send(pipeline, range(1_000_000 + start, 1_000_050 + start), range(50))
        send(pipeline, pipeline.schema_id, range(50))
    settings = {"HEARTZONE_SCHEMA_PATIENCE": "1", "HEARTZONE_DEAD_LETTER_MAX_SHARE": "1"}
    with pipeline.worker(settings=settings) as worker:
        eventually(partial(processed, pipeline, 200), "the good ones", 180)
        eventually(lambda: worker.metric("heartzone_dead_letters_total") == 200, "the dead letters counted", 180)
        assert worker.process.terminate(20) == 0

    assert len(events(pipeline)) == 200
    assert len(pipeline.kafka.read(pipeline.dead_letters)) == 200


def test_a_thousand_unknown_ids_in_one_partition_do_not_hold_another(pipeline: Pipeline) -> None:
    send(pipeline, range(1_000_000, 1_001_000), range(1_000), partition=0)
    with pipeline.worker(settings={"HEARTZONE_SCHEMA_PATIENCE": "100000"}) as worker:
        eventually(lambda: worker.events("partition_waiting"), "the partition to be set aside", 180)
        for start in range(0, 500, 100):
            send(pipeline, pipeline.schema_id, range(start, start + 100), partition=1)
            eventually(partial(processed, pipeline, start + 100), "the events of the other partition", 180)
        assert worker.get("/livez").status == 200
        assert worker.process.terminate(20) == 0

    offsets = pipeline.kafka.group_offsets(pipeline.group, pipeline.biometrics, 2)
    assert offsets[0] <= 0
    assert pipeline.kafka.read(pipeline.dead_letters) == []


def test_hundreds_of_unknown_ids_in_a_row_become_dead_letters_where_nobody_pauses_over_them(pipeline: Pipeline) -> None:
    send(pipeline, range(1_000_000, 1_000_300), range(300))
    send(pipeline, pipeline.schema_id, range(10))
    settings = {"HEARTZONE_SCHEMA_PATIENCE": "1", "HEARTZONE_DEAD_LETTER_MAX_SHARE": "1"}
    with pipeline.worker(settings=settings) as worker:
        eventually(partial(processed, pipeline, 10), "the good ones behind them", 240)
        assert worker.metric("heartzone_dead_letters_total") == 300
        assert worker.process.terminate(20) == 0


def test_a_flood_of_unknown_ids_pauses_its_partition_before_most_of_it_is_dead_letters(pipeline: Pipeline) -> None:
    send(pipeline, range(1_000_000, 1_001_000), range(1_000), partition=0)
    with pipeline.worker(settings={"HEARTZONE_SCHEMA_PATIENCE": "0"}) as worker:
        eventually(lambda: worker.events("partition_halted"), "the partition to be halted", 180)
        send(pipeline, pipeline.schema_id, range(10), partition=1)
        eventually(partial(processed, pipeline, 10), "the events of the other partition", 180)
        assert worker.process.terminate(20) == 0

    assert len(pipeline.kafka.read(pipeline.dead_letters)) < 500
