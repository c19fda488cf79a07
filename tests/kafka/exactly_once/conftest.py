"""Workers on the shared broker."""

from functools import partial

import pytest

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.workers import Make, worker_on


@pytest.fixture
def group_protocol() -> str:
    """The protocol of consumer groups; tests that hold for both are parametrized with it."""
    return "classic"


@pytest.fixture
def make(kafka: Testbed, group_protocol: str) -> Make:
    """A worker from the input topic with this transform, in a group of its own."""
    return partial(worker_on, kafka, group_protocol=group_protocol)
