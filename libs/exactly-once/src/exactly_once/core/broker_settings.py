"""Settings of the brokers that can break the promise of exactly once, and what they have to be."""

from collections.abc import Mapping
from dataclasses import dataclass

from exactly_once.core.reasons import RiskReason

_DAY_MS = 24 * 60 * 60 * 1000
_UNITS = {"day": _DAY_MS, "hour": 3_600_000, "minute": 60_000, "second": 1_000, "millisecond": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerSettings:
    """Times in milliseconds; ``topic_retention`` is None for a topic that keeps its records for ever."""

    offsets_retention: int
    transactional_id_expiration: int
    topic_retention: Mapping[str, int | None]


def risks(settings: BrokerSettings) -> dict[RiskReason, str]:
    """The risks that these settings are, each with a sentence that names the setting and what it should be."""
    found = {}
    outlived = sorted(
        topic
        for topic, retention in settings.topic_retention.items()
        if retention is None or retention > settings.offsets_retention
    )
    if outlived:
        retention = settings.topic_retention[outlived[0]]
        kept = "for ever" if retention is None else f"for {_duration(retention)}"
        found[RiskReason.OFFSETS_EXPIRE_BEFORE_RECORDS] = (
            f"topic {outlived[0]} keeps its records {kept}, the brokers keep the offsets of a group without members for"
            f" {_duration(settings.offsets_retention)}: set offsets.retention.minutes above the topic's retention.ms"
        )
    expiration = settings.transactional_id_expiration
    if expiration < _DAY_MS:
        found[RiskReason.TRANSACTIONAL_ID_EXPIRES_SOON] = (
            f"the brokers forget a transactional id that was unused for {_duration(expiration)}:"
            " set transactional.id.expiration.ms to a day or more"
        )
    return found


def _duration(milliseconds: int) -> str:
    """In the largest unit of which there is at least one: 7 days, 1.5 hours."""
    name, size = next((each for each in _UNITS.items() if milliseconds >= each[1]), ("millisecond", 1))
    number = f"{milliseconds / size:.3g}"
    return f"{number} {name}" if number == "1" else f"{number} {name}s"
