"""The sample, into which every format is read, and the checks that all formats share."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

MAX_HEART_RATE = 2**31 - 1  # int32 in the message

# What `datetime.fromisoformat` takes beside it, such as digits without separators, people mean otherwise.
_DATE_AND_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_NUMBER = re.compile(r"-?\d+([.,]\d+)?", re.ASCII)


class UnreadableRecordingError(ValueError):
    """A file that cannot be replayed; the message is one sentence that starts with the file's name."""


class FormatError(ValueError):
    """An error of a whole file; the message lacks the file's name, which `load` puts in front."""


class SampleError(ValueError):
    """A sample that cannot be used; the message lacks the file's name, too."""


class Sample(NamedTuple):
    """One reading: `time` is aware and in UTC, `heart_rate` in beats a minute; 0 is a sensor that is off."""

    time: datetime
    heart_rate: int


class LeftOut(NamedTuple):
    """A sample that cannot be used, and why: a sentence that lacks the file's name."""

    reason: str


Samples: TypeAlias = Iterator[Sample | LeftOut]
"""A file as it is read: what cannot be used costs itself, and never the file."""


def sample(time: datetime, heart_rate: float) -> Sample:
    """Check and normalise one reading. A time without an offset is UTC, as the formats prescribe.

    Raises SampleError for a heart rate that is no whole number or does not fit the message's int32.
    """
    if heart_rate != heart_rate // 1:  # also NaN
        raise SampleError(f"has the heart rate {heart_rate} at {time.isoformat()}, which is no whole number.")
    if not 0 <= heart_rate <= MAX_HEART_RATE:
        raise SampleError(
            f"has the heart rate {shortened(str(heart_rate))} at {time.isoformat()}; "
            f"one from 0 to {MAX_HEART_RATE} would be right."
        )
    try:
        utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        raise SampleError(f"has the time {time.isoformat()}, which is outside the years 1 to 9999.") from None
    return Sample(utc, int(heart_rate))


def read_sample(time: str | None, heart_rate: str, *, where: str = "") -> Sample | LeftOut:
    """One reading from its texts; `where` says in which part of the file, to begin a sentence with."""
    try:
        if time is None:
            raise SampleError(f"has the heart rate {shortened(heart_rate)} without a time.")
        return sample(parse_time(time), parse_heart_rate(heart_rate))
    except SampleError as error:
        return LeftOut(f"{where}{error}")


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 date and time. Raises SampleError."""
    try:
        if _DATE_AND_TIME.fullmatch(text.strip()):
            return datetime.fromisoformat(text.strip())
    except ValueError:
        pass
    raise SampleError(f"has the time {shortened(text)!r}; one like 2022-12-02T13:50:00Z would be right.")


def parse_heart_rate(text: str) -> float:
    """Parse a number, also one written 131.0 as some exporters do. Raises SampleError."""
    if not _NUMBER.fullmatch(text.strip()):
        raise SampleError(f"has the heart rate {shortened(text)!r}; a whole number of beats a minute would be right.")
    number = text.strip().replace(",", ".")
    return float(number) if "." in number else int(number)


def shortened(text: str) -> str:
    """Quote text of a file, at most 40 characters of it."""
    return text if len(text) <= 40 else text[:39] + "…"


def by_time(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Samples in the order of their times; those of the same time keep theirs."""
    return tuple(sorted(samples, key=lambda each: each.time))
