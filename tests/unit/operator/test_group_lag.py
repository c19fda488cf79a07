"""The lag of a group: by offsets and by the oldest record, and as metrics."""

import pytest
from prometheus_client import CollectorRegistry

from heartzone_operator.group_lag.lag_metrics import GroupLagMetrics
from heartzone_operator.settings import OperatorSettings
from service_chassis.consumer_groups.lag import Lag, Oldest, lags, starts
from service_chassis.consumer_groups.position import Committed, Position
from service_chassis.settings import load

NOW = 1_000.0


def position(committed: int | None, last_stable: int = 100) -> Position:
    return Position(
        committed=None if committed is None else Committed(committed),
        topic_id="t",
        earliest=10,
        last_stable=last_stable,
    )


def lag(at: Position, oldest: Oldest | None = None) -> Lag:
    return lags({0: at}, {} if oldest is None else {0: oldest}, now=NOW)[0]


def test_the_oldest_record_is_looked_for_where_something_is_left() -> None:
    assert starts({0: position(100), 1: position(60), 2: position(None)}) == {1: 60, 2: 10}


def test_the_age_of_the_oldest_record_is_the_lag_in_seconds() -> None:
    assert lag(position(60), Oldest(exists=True, written=NOW - 30)) == Lag(40, 30)


def test_nothing_left_is_no_lag() -> None:
    assert lag(position(100)) == Lag(0, 0)


def test_offsets_without_a_record_are_no_lag() -> None:
    assert lag(position(98), Oldest(exists=False)) == Lag(0, 0)


def test_an_age_that_is_not_known_is_not_a_number() -> None:
    assert lag(position(60)) == Lag(40, None)
    assert lag(position(60), Oldest(exists=True, written=None)) == Lag(40, None)


def test_a_record_from_a_clock_that_is_ahead_is_not_younger_than_now() -> None:
    assert lag(position(60), Oldest(exists=True, written=NOW + 5)) == Lag(40, 0)


class Scrapes:
    """The metrics of one group, as Prometheus reads them, and a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.registry = CollectorRegistry()
        self.metrics = GroupLagMetrics(self.registry, max_age=60, clock=lambda: self.now)

    def value(self, unit: str, partition: int = 0) -> float | None:
        labels = {"group": "zone-worker", "topic": "BiometricsImported", "partition": f"{partition}"}
        return self.registry.get_sample_value(f"heartzone_group_lag_{unit}", labels)


def test_a_lag_is_two_series_of_its_partition() -> None:
    scrapes = Scrapes()

    scrapes.metrics.observed("zone-worker", "BiometricsImported", {0: Lag(40, 30.5), 1: Lag(0, 0)})

    assert (scrapes.value("records"), scrapes.value("seconds")) == (40, 30.5)
    assert (scrapes.value("records", 1), scrapes.value("seconds", 1)) == (0, 0)


def test_what_is_not_known_has_no_series() -> None:
    scrapes = Scrapes()
    assert scrapes.value("records") is None

    scrapes.metrics.observed("zone-worker", "BiometricsImported", {0: Lag(40, None)})
    assert (scrapes.value("records"), scrapes.value("seconds")) == (40, None)

    scrapes.metrics.unknown("zone-worker", "BiometricsImported")
    assert scrapes.value("records") is None


def test_a_partition_that_is_gone_has_no_series_any_more() -> None:
    scrapes = Scrapes()
    scrapes.metrics.observed("zone-worker", "BiometricsImported", {0: Lag(1, 1), 1: Lag(1, 1)})

    scrapes.metrics.observed("zone-worker", "BiometricsImported", {0: Lag(2, 2)})

    assert (scrapes.value("records"), scrapes.value("records", 1)) == (2, None)


def test_an_observation_that_is_too_old_is_not_shown() -> None:
    scrapes = Scrapes()
    scrapes.metrics.observed("zone-worker", "BiometricsImported", {0: Lag(1, 1)})

    scrapes.now = 60
    assert scrapes.value("records") == 1
    scrapes.now = 61
    assert scrapes.value("records") is None


@pytest.mark.parametrize(
    ("variables", "groups"),
    [
        ({}, (("zone-worker", "BiometricsImported"),)),
        ({"HEARTZONE_TOPIC_BIOMETRICS": "readings"}, (("zone-worker", "readings"),)),
        (
            {"HEARTZONE_GROUP_LAG_GROUPS": "mine, coaches = HeartRateZoneReached"},
            (("mine", "BiometricsImported"), ("coaches", "HeartRateZoneReached")),
        ),
        ({"HEARTZONE_GROUP_LAG_INTERVAL": "0"}, ()),
    ],
)
def test_which_groups_are_observed_is_a_setting(
    variables: dict[str, str], groups: tuple[tuple[str, str], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "HEARTZONE_SCHEMA_REGISTRY_URL": "http://registry"}
    for name, value in (connection | variables).items():
        monkeypatch.setenv(name, value)

    assert load(OperatorSettings).observed_groups == groups
