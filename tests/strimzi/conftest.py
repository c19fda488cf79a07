"""A broker that enforces the ACLs of deploy/strimzi."""

from collections.abc import Iterator

import pytest

from heartzone_testing.strimzi.guarded_kafka import GuardedKafka


@pytest.fixture(scope="session", autouse=True)
def kubectl_program() -> None:
    """A kubectl is there, the machine's or a built one, by which `kustomizations` renders deploy/strimzi."""


@pytest.fixture(scope="module")
def guarded_kafka() -> Iterator[GuardedKafka]:
    with GuardedKafka() as kafka:
        yield kafka
