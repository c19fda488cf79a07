"""Fixtures for tests on a real broker."""

import pytest

from embedded_kafka import EmbeddedKafka
from testbed import Testbed


@pytest.fixture(scope="session")
def kafka(embedded_kafka: EmbeddedKafka) -> Testbed:
    """The session's broker, with everything a test needs to fill and audit topics on it."""
    return Testbed(embedded_kafka.bootstrap_servers)
