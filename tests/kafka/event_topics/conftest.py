"""The session's broker and registry, for event_topics."""

from collections.abc import Iterator

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.operators.topic_cluster import TopicCluster


@pytest.fixture(scope="module")
def cluster(embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry) -> Iterator[TopicCluster]:
    """The adapters, and ``.topic(name)`` and ``.subject(name)`` as they are."""
    cluster = TopicCluster(embedded_kafka, embedded_registry)
    with cluster.registry, cluster.subjects:
        yield cluster
