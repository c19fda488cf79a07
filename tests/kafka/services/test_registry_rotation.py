"""The password of the schema registry's user is replaced, and then its mounted file, while readings arrive."""

import copy
import json
from pathlib import Path

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedRegistry
from heartzone.messages import Biometrics, HeartRate, encode, json_schema
from heartzone.wire import frame_prefix, unframe
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.guarded_registry import GuardedRegistry
from heartzone_testing.services.mounted_secret import MountedSecret
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.web_api import COURSE_REQUEST
from heartzone_testing.waiting import eventually

USER_FILE, PASSWORD_FILE = (f"HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_{part}" for part in ("USERNAME", "PASSWORD"))
USER, FORMER, NEW = "heartzone", "former-Pa55word", "new-Pa55word"
READING = Biometrics("3fa85f64-5717-4562-b3fc-2c963f66afa6", [HeartRate("2022-12-02T14:00:00Z", 150)], 200)
EVENTS_A_REQUEST = 5  # COURSE_REQUEST has six readings, one of them in no zone


def newer_version(registry: EmbeddedRegistry, pipeline: Pipeline) -> int:
    """Register another version of the readings' schema; return its id."""
    schema = copy.deepcopy(json_schema(Biometrics))
    schema["description"] = "Of another day."
    with SchemaRegistryClient(dict(registry.client_config())) as client:
        schema_id: int = client.register_schema(f"{pipeline.biometrics}-value", Schema(json.dumps(schema), "JSON"))
        return schema_id


def test_lookups_go_on_with_the_registrys_new_password_and_what_waited_for_it_is_processed(
    kafka: Testbed, embedded_registry: EmbeddedRegistry, tmp_path: Path
) -> None:
    pipeline = Pipeline(kafka, embedded_registry.client_config(), tmp_path, partitions=1)
    secret = MountedSecret(tmp_path / "secret")
    secret.write({USER_FILE: USER, PASSWORD_FILE: FORMER})

    def events(requests: int, others: int = 0) -> bool:
        return len(kafka.read(pipeline.zones)) == requests * EVENTS_A_REQUEST + others

    with GuardedRegistry(embedded_registry.url, user=USER, password=FORMER) as registry:
        settings = {
            "HEARTZONE_SCHEMA_REGISTRY_URL": registry.url,
            "HEARTZONE_SECRETS_DIR": str(secret.folder),
            "HEARTZONE_SCHEMA_REFRESH": "0.5",
            "HEARTZONE_SCHEMA_PATIENCE": "0",  # whatever the worker takes for not found is a dead letter at once
        }
        with pipeline.worker(settings=settings) as worker, pipeline.producer(settings) as api:
            api.wait_until_ready()
            assert api.post(COURSE_REQUEST).status == 202
            eventually(lambda: events(1), "the zones of before")

            registry.password = NEW
            newer_id = newer_version(embedded_registry, pipeline)
            kafka.send(pipeline.biometrics, frame_prefix(newer_id) + encode(READING))
            eventually(lambda: worker.events("schema_registry_unusable"), "the worker to be rejected")
            assert api.post(COURSE_REQUEST).status == 202, "a schema that is known stays good"

            secret.write({PASSWORD_FILE: NEW})
            eventually(lambda: api.events("payload_schema_resolved")[-1]["id"] == newer_id, "the API's lookup")
            eventually(lambda: events(2, others=1), "the zones of what waited")
            assert api.post(COURSE_REQUEST).status == 202
            eventually(lambda: events(3, others=1), "the zones of after")

            assert "HTTP status 401" in worker.events("schema_registry_unusable")[0]["detail"]
            for service in (api, worker):
                assert [each["connection"] for each in service.events("connection_renewed")] == ["schema_registry"]
                assert FORMER not in service.log()
                assert NEW not in service.log()

    written = [unframe(value)[0] for value in kafka.values(pipeline.biometrics)]
    assert written == [pipeline.schema_id, newer_id, pipeline.schema_id, newer_id]
    assert kafka.read(pipeline.dead_letters) == []
