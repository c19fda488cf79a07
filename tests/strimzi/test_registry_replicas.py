"""The registry's production overlay: two replicas with one store, started as the StatefulSet starts them."""

from pathlib import Path

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from heartzone_testing.checkout import STRIMZI
from heartzone_testing.strimzi.guarded_kafka import GuardedKafka
from heartzone_testing.strimzi.kafkasql_registry import KafkasqlRegistry
from heartzone_testing.strimzi.kustomizations import only
from heartzone_testing.waiting import eventually

OVERLAY = STRIMZI / "registry" / "overlays" / "production"


def schema(title: str) -> Schema:
    text = f'{{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "title": "{title}"}}'
    return Schema(text, "JSON")


def test_replicas_that_start_in_order_on_an_empty_kafka_become_ready_and_have_each_other_s_schemas(
    guarded_kafka: GuardedKafka, tmp_path: Path
) -> None:
    spec = only(OVERLAY, "StatefulSet")["spec"]
    assert (spec["replicas"], spec["podManagementPolicy"]) == (2, "OrderedReady")
    replicas: list[KafkasqlRegistry] = []
    try:
        for number in range(spec["replicas"]):
            folder = tmp_path / str(number)
            folder.mkdir()
            replicas.append(KafkasqlRegistry(guarded_kafka, folder))
            replicas[-1].wait_until_ready()
            with SchemaRegistryClient({"url": replicas[-1].url}) as client:
                assert client.get_subjects() == ["of-0"][:number], "the one before it registered this"
                client.register_schema(f"of-{number}", schema(str(number)))

        assert all(each.is_ready() for each in replicas)
        with (
            SchemaRegistryClient({"url": replicas[0].url}) as first,
            SchemaRegistryClient({"url": replicas[1].url}) as second,
        ):
            eventually(lambda: first.get_subjects() == ["of-0", "of-1"], "what the other replica registered")
            ids = {subject: second.get_latest_version(subject).schema_id for subject in ("of-0", "of-1")}
            assert {name: first.get_latest_version(name).schema_id for name in ids} == ids
    finally:
        for each in replicas:
            each.process.terminate(10)
