"""Settings of the brokers that put the promise of exactly once at risk."""

import pytest

from exactly_once import RiskReason
from exactly_once.core.broker_settings import BrokerSettings, risks

DAY = 24 * 60 * 60 * 1000


def settings(*, offsets: int = 7 * DAY, expiration: int = 7 * DAY, topic: int | None = 7 * DAY) -> BrokerSettings:
    return BrokerSettings(
        offsets_retention=offsets, transactional_id_expiration=expiration, topic_retention={"in": topic}
    )


def test_the_defaults_of_kafka_are_no_risk() -> None:
    assert risks(settings()) == {}


def test_offsets_that_expire_before_the_records_are_a_risk_with_what_to_set() -> None:
    assert risks(settings(offsets=DAY)) == {
        RiskReason.OFFSETS_EXPIRE_BEFORE_RECORDS: "topic in keeps its records for 7 days, the brokers keep the offsets"
        " of a group without members for 1 day: set offsets.retention.minutes above the topic's retention.ms"
    }


def test_records_that_are_kept_for_ever_outlive_any_offset() -> None:
    assert "for ever" in risks(settings(topic=None))[RiskReason.OFFSETS_EXPIRE_BEFORE_RECORDS]


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (60_000, "1 minute"),
        (5_400_000, "1.5 hours"),
        (2_000, "2 seconds"),
        (DAY - DAY // 4, "18 hours"),
        (5, "5 milliseconds"),
    ],
)
def test_a_time_is_told_in_the_unit_that_people_would_choose(milliseconds: int, words: str) -> None:
    [sentence] = risks(settings(expiration=milliseconds)).values()

    assert f"unused for {words}:" in sentence


def test_transactional_ids_that_expire_within_a_day_are_a_risk() -> None:
    assert set(risks(settings(expiration=DAY - 1))) == {RiskReason.TRANSACTIONAL_ID_EXPIRES_SOON}
