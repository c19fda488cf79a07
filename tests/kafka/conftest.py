"""Fixtures for tests on a real broker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.pipeline import Pipeline


@pytest.fixture(scope="session")
def kafka(embedded_kafka: EmbeddedKafka) -> Testbed:
    """The session's broker, with everything a test needs to fill and audit topics on it."""
    return Testbed(embedded_kafka.client_config())


@pytest.fixture
def make_pipeline(kafka: Testbed, embedded_registry: EmbeddedRegistry, tmp_path: Path) -> Callable[..., Pipeline]:
    """The product's topics and subjects under names of their own: ``make_pipeline(partitions=1)``."""

    def make(partitions: int = 1) -> Pipeline:
        return Pipeline(kafka, embedded_registry.client_config(), tmp_path, partitions)

    return make
