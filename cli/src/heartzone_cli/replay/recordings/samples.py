"""The sample, into which every format is read, and the checks that all formats share."""

from datetime import UTC, datetime
from typing import NamedTuple

MAX_HEART_RATE = 2**31 - 1  # int32 in the message


class UnreadableRecordingError(ValueError):
    """A file that cannot be replayed; the message is one sentence that starts with the file's name."""


class FormatError(ValueError):
    """An error inside a file; the message lacks the file's name, which `load` puts in front."""


class Sample(NamedTuple):
    """One reading: `time` is aware and in UTC, `heart_rate` in beats a minute; 0 is a sensor that is off."""

    time: datetime
    heart_rate: int


def sample(time: datetime, heart_rate: float) -> Sample:
    """Check and normalise one reading. A time without an offset is UTC, as the formats prescribe.

    Raises FormatError for a heart rate that is no whole number or does not fit the message's int32.
    """
    if heart_rate != heart_rate // 1:  # also NaN
        raise FormatError(f"has the heart rate {heart_rate} at {time.isoformat()}, which is no whole number.")
    if not 0 <= heart_rate <= MAX_HEART_RATE:
        raise FormatError(
            f"has the heart rate {shortened(str(heart_rate))} at {time.isoformat()}; "
            f"one from 0 to {MAX_HEART_RATE} would be right."
        )
    try:
        utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        raise FormatError(f"has the time {time.isoformat()}, which is outside the years 1 to 9999.") from None
    return Sample(utc, int(heart_rate))


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 date and time. Raises FormatError."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise FormatError(f"has the time {shortened(text)!r}; one like 2022-12-02T13:50:00Z would be right.") from None


def parse_heart_rate(text: str) -> float:
    """Parse a number, also one written 131.0 as some exporters do. Raises FormatError."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise FormatError(
            f"has the heart rate {shortened(text)!r}; a whole number of beats a minute would be right."
        ) from None


def shortened(text: str) -> str:
    """Quote text of a file, at most 40 characters of it."""
    return text if len(text) <= 40 else text[:39] + "…"
