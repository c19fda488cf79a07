"""A mock cluster, and producers of the engine on it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer

from exactly_once import WorkerConfig
from exactly_once.clients.transactional_producer import TransactionalProducer
from exactly_once.core.rejected_credentials import RejectedCredentials
from heartzone_testing.brokers.mock_cluster import MockCluster
from heartzone_testing.waiting import eventually

Make = Callable[..., TransactionalProducer]


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster(brokers=2) as cluster:
        for topic in ("in", "out"):
            cluster.create_topic(topic)
        yield cluster


@pytest.fixture
def configure(cluster: MockCluster) -> Callable[..., WorkerConfig]:
    def build(**overrides: Any) -> WorkerConfig:
        settings: dict[str, Any] = {"input_topics": ["in"], "group_id": "group", "transactional_id": "group-0"}
        return WorkerConfig(**{**settings, "connection": cluster.connection, **overrides})

    return build


@pytest.fixture
def group_metadata(cluster: MockCluster) -> Iterator[bytes]:
    consumer = Consumer({**cluster.connection, "group.id": "group"})
    yield consumer.consumer_group_metadata()
    consumer.close()


@pytest.fixture
def make(configure: Callable[..., WorkerConfig]) -> Iterator[Make]:
    """A producer that has claimed its transactional id."""
    made: list[TransactionalProducer] = []

    def build(**overrides: Any) -> TransactionalProducer:
        producer = TransactionalProducer(configure(**overrides), RejectedCredentials())
        made.append(producer)
        eventually(producer.initialize, "the transactional id")
        return producer

    yield build
    for producer in made:
        producer.close()
