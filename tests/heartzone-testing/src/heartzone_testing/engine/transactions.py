"""A smallest transaction of the engine's producer: one record from topic in to topic out."""

from confluent_kafka import TopicPartition

from exactly_once import OutputRecord
from exactly_once.clients.transactional_producer import TransactionalProducer

OFFSETS = [TopicPartition("in", 0, 7)]


def run_transaction(producer: TransactionalProducer, group_metadata: bytes) -> None:
    """Begin, produce, commit."""
    producer.begin()
    producer.produce([OutputRecord("out", b"value")])
    producer.commit(OFFSETS, group_metadata)
