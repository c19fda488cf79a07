"""Date-times as every client's parser reads them: RFC 3339 in, UTC with ``Z`` and at most 6 fraction digits out."""

import re
from datetime import datetime, timedelta

MAX_FRACTION_DIGITS = 6
MAX_OFFSET = timedelta(hours=14)  # of all zones in use, Pacific/Kiritimati has it; .NET's DateTimeOffset ends there

PATTERN = (
    "^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]+)?"
    "([Zz]|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$"
)
"""The texts that `to_utc` accepts, for JSON Schema, whose format ``date-time`` knows the calendar and the clock."""

# Days above 28 go the slow way, which knows the calendar.
is_canonical = re.compile(
    r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z",
    re.ASCII,
).fullmatch
"""Match a text that certainly is what `to_utc` would return for it; otherwise `to_utc` has to decide."""

_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
).fullmatch


class InvalidDateTimeError(ValueError):
    """A text that is not an acceptable date-time; the message says what was expected."""


def to_utc(text: str) -> str:
    """The same instant in UTC, its fraction as it was written but cut after 6 digits.

    Raises:
        InvalidDateTimeError: not RFC 3339, a leap second, an offset beyond ±14:00, or a UTC year outside 0001 to 9999.
    """
    match = _RFC_3339(text)
    if match is None:
        raise InvalidDateTimeError(
            "an RFC 3339 date-time with Z or an offset, like 2022-12-02T13:50:00.000Z, was expected"
        )
    *fields, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, fields)
    if second == 60:
        raise InvalidDateTimeError("a second from 00 to 59 was expected; leap seconds are not supported")
    offset = _offset(sign, hours, minutes)
    try:
        instant = datetime(year, month, day, hour, minute, second) - offset
    except ValueError as error:
        raise InvalidDateTimeError("a date and a time of day that exist were expected") from error
    except OverflowError as error:
        raise InvalidDateTimeError("an instant in the years 0001 to 9999 of UTC was expected") from error
    return f"{instant.isoformat(timespec='seconds')}{(fraction or '')[: 1 + MAX_FRACTION_DIGITS]}Z"


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta:
    if sign is None or hours is None or minutes is None:
        return timedelta()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if int(minutes) > 59 or offset > MAX_OFFSET:
        raise InvalidDateTimeError("an offset from -14:00 to +14:00 was expected")
    return -offset if sign == "-" else offset
