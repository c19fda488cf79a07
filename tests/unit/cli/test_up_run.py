"""The deadlines of a stop, which end `up` within ten seconds of the request whatever a part does."""

from heartzone_cli.up.run import KAFKA_DEADLINE, PRODUCER_DEADLINE, REGISTRY_DEADLINE, WORKERS_DEADLINE


def test_each_part_is_killed_after_those_that_need_it_and_all_within_ten_seconds() -> None:
    assert 0 < PRODUCER_DEADLINE < WORKERS_DEADLINE < REGISTRY_DEADLINE < KAFKA_DEADLINE < 10
