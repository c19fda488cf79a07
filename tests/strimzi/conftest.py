"""A broker that enforces the ACLs of deploy/strimzi."""

from collections.abc import Iterator

import pytest

from heartzone_testing.strimzi.guarded_kafka import GuardedKafka


@pytest.fixture(scope="module")
def guarded_kafka() -> Iterator[GuardedKafka]:
    with GuardedKafka() as kafka:
        yield kafka
