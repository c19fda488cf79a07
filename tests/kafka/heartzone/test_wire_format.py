"""Our wire format is Confluent's: its serializer and deserializer, with a real registry, read us and are read by us."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from embedded_kafka import EmbeddedRegistry
from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached, encode, json_schema
from heartzone.wire import frame_prefix, subject_of, unframe
from heartzone_zone_worker.decoding import BiometricsDecoder
from service_chassis.schema_registry import SchemaRegistry

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
MESSAGE = Biometrics(
    DEVICE, [HeartRate("2022-12-02T13:50:00.1234567Z", 90), HeartRate("2022-12-02T14:50:01+01:00", 190)], 200
)
DOCUMENT = {
    "DeviceId": DEVICE,
    "HeartRates": [
        {"DateTime": "2022-12-02T13:50:00.1234567Z", "Value": 90},
        {"DateTime": "2022-12-02T14:50:01+01:00", "Value": 190},
    ],
    "MaxHeartRate": 200,
}
# Since confluent-kafka 2.14 the default asks an endpoint that only Confluent's registry has.
BY_TOPIC = {"subject.name.strategy.type": "TOPIC"}


@dataclass(frozen=True)
class Topic:
    """A topic of Biometrics with its schema registered."""

    name: str
    client: SchemaRegistryClient
    schema: str
    schema_id: int

    @property
    def context(self) -> SerializationContext:
        return SerializationContext(self.name, MessageField.VALUE)


@pytest.fixture
def confluent(embedded_registry: EmbeddedRegistry) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": embedded_registry.url}) as client:
        yield client


@pytest.fixture
def topic(confluent: SchemaRegistryClient) -> Topic:
    name, schema = f"biometrics-{uuid.uuid4()}", json.dumps(json_schema(Biometrics))
    return Topic(name, confluent, schema, confluent.register_schema(subject_of(name), Schema(schema, "JSON")))


def test_confluents_deserializer_reads_what_we_write(topic: Topic) -> None:
    read = JSONDeserializer(topic.schema, schema_registry_client=topic.client, conf=BY_TOPIC)

    assert read(frame_prefix(topic.schema_id) + encode(MESSAGE), topic.context) == DOCUMENT


def test_we_read_what_confluents_serializer_writes(topic: Topic) -> None:
    write = JSONSerializer(topic.schema, topic.client, conf=BY_TOPIC | {"auto.register.schemas": False})

    schema_id, payload = unframe(write(DOCUMENT, topic.context))

    assert schema_id == topic.schema_id
    assert BiometricsDecoder().decode(payload) == MESSAGE


def test_we_read_what_a_newer_writer_adds(topic: Topic, embedded_registry: EmbeddedRegistry) -> None:
    newer = json.loads(topic.schema)
    newer["properties"]["Firmware"] = {"type": "string"}
    subject = subject_of(topic.name)
    topic.client.set_compatibility(subject, "NONE")
    write = JSONSerializer(json.dumps(newer), topic.client, conf=BY_TOPIC)

    schema_id, payload = unframe(write({**DOCUMENT, "Firmware": "1.2"}, topic.context))
    with SchemaRegistry({"url": embedded_registry.url}) as registry:
        writer_schema = registry.by_id(schema_id)

    assert BiometricsDecoder(json.loads(writer_schema)).decode(payload) == MESSAGE


def test_confluents_deserializer_reads_zone_events(confluent: SchemaRegistryClient) -> None:
    name, schema = f"zones-{uuid.uuid4()}", json.dumps(json_schema(HeartRateZoneReached))
    schema_id = confluent.register_schema(subject_of(name), Schema(schema, "JSON"))
    read = JSONDeserializer(schema, schema_registry_client=confluent, conf=BY_TOPIC)
    event = HeartRateZoneReached(DEVICE, 3, "2022-12-02T13:50:00.000Z", 140, 200)

    document = read(frame_prefix(schema_id) + encode(event), SerializationContext(name, MessageField.VALUE))

    assert document == {
        "DeviceId": DEVICE,
        "Zone": 3,
        "DateTime": "2022-12-02T13:50:00.000Z",
        "HeartRate": 140,
        "MaxHeartRate": 200,
    }
