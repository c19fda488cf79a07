"""The session fixtures give a broker and a registry that real clients can use."""

from collections.abc import Callable

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry


def test_a_record_sent_to_the_broker_comes_back(embedded_kafka: EmbeddedKafka, kafka_topic: Callable[..., str]) -> None:
    topic = kafka_topic()
    producer = Producer(embedded_kafka.client_config())
    producer.produce(topic, key=b"k", value=b"v")
    assert producer.flush(10) == 0

    consumer = Consumer({**embedded_kafka.client_config(), "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    message = consumer.poll(20)
    consumer.close()

    assert message is not None
    assert (message.key(), message.value()) == (b"k", b"v")


def test_a_schema_registered_is_found_by_id_and_by_subject(embedded_registry: EmbeddedRegistry) -> None:
    text = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'
    with SchemaRegistryClient(embedded_registry.client_config()) as client:
        schema_id = client.register_schema("basics-value", Schema(text, "JSON"))

        assert client.get_latest_version("basics-value").schema_id == schema_id
        assert client.get_schema(schema_id).schema_str == text
