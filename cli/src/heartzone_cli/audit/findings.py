"""Findings of an audit, and what it could not judge. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self


class Described(StrEnum):
    """Base of an enum whose members are written as value and meaning."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """Take both parts of a member."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class Finding(Described):
    """Everything that can be wrong."""

    MISSING = "missing", "A reading has no zone event and no dead letter, although the group has processed it."
    DOUBLED = "doubled", "A zone event or dead letter is there once more than its reading."
    MISORDERED = "misordered", "A zone event is before or behind one of its device that it should follow or precede."
    UNEXPLAINED = "unexplained", "A zone event or dead letter that no record of the input gives."
    ALTERED = "altered", "A zone event or dead letter says something else than the reading that it came from."
    WRONG_SCHEMA = "wrong_schema", "A record of the output is no HeartRateZoneReached of a schema of its subject."
    WRONG_KEY = "wrong_key", "The key of a zone event is not its device."
    WRONG_PARTITION = "wrong_partition", "A zone event is in another partition than its device."
    HANGING_TRANSACTION = (
        "hanging_transaction",
        "The last stable offset stands before the end of a partition for longer than a transaction may be open.",
    )


class Unjudged(Described):
    """Records of which nobody can say from these logs whether they are right; none of them is a finding."""

    NOT_PROCESSED = "not_processed", "Readings at or above the group's committed offset."
    START_OF_RANGE = "start_of_range", "What belongs to them lies before the first record that was read, or is deleted."
    END_OF_RANGE = "end_of_range", "What belongs to them lies behind the last record that was read."
    OTHER_PARTITION = "other_partition", "Readings of devices whose events belong to a partition that was not read."
    OPEN_TRANSACTION = "open_transaction", "What belongs to them lies behind a transaction that is open."
    DUPLICATE_OR_NOT = "duplicate_or_not", "Readings whose deduplication window was not read, or is out of order."


class Place(NamedTuple):
    """A record."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic} {self.partition} {self.offset}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One finding. `source`: the record of the input that it is about, where `place` is another one.

    Heart rates are in none of the fields: this goes into logs.
    """

    finding: Finding
    place: Place
    detail: str
    source: Place | None = None
    device: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        place = self.place
        return {
            "finding": self.finding,
            "topic": place.topic,
            "partition": place.partition,
            "offset": place.offset,
            "source": None if self.source is None else self.source._asdict(),
            "device": self.device,
            "detail": self.detail,
        }

    def __str__(self) -> str:
        source = "" if self.source is None else f" (of {self.source})"
        return f"{self.finding:<19} {self.place}{source}: {self.detail}"
