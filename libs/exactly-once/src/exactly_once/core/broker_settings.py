"""Settings of the brokers that can break the promise of exactly once, and what they have to be."""

from collections.abc import Mapping
from dataclasses import dataclass

from exactly_once.core.reasons import RiskReason

_DAY_MS = 24 * 60 * 60 * 1000


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
        kept = "for ever" if retention is None else f"for {_days(retention)}"
        found[RiskReason.OFFSETS_EXPIRE_BEFORE_RECORDS] = (
            f"topic {outlived[0]} keeps its records {kept}, the brokers keep the offsets of a group without members for"
            f" {_days(settings.offsets_retention)}: set offsets.retention.minutes above the topic's retention.ms"
        )
    if settings.transactional_id_expiration < _DAY_MS:
        found[RiskReason.TRANSACTIONAL_ID_EXPIRES_SOON] = (
            f"the brokers forget a transactional id that was unused for {_days(settings.transactional_id_expiration)}:"
            " set transactional.id.expiration.ms to a day or more"
        )
    return found


def _days(milliseconds: int) -> str:
    return f"{milliseconds / _DAY_MS:.3g} days"
