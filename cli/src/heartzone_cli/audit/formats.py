"""The formats of a Biometrics, which its published schema asserts: RFC 9562 for UUIDs, RFC 3339 for date-times. Pure.

A date that exists, hours to 23, an offset of at most 23:59, any number of fraction digits, `T` and `Z` in any case, and
a second 60 only at 23:59 in UTC.
"""

import re
from calendar import monthrange
from collections.abc import Sequence

_is_uuid = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII).fullmatch
# Nearly every one, without a look at the calendar: no month has fewer than 28 days.
_is_usual = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z", re.ASCII
).fullmatch
_parts_of = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
).fullmatch
_DAY = 24 * 60


def are_valid(device_id: str, date_times: Sequence[str]) -> bool:
    """Whether the texts of a message have their formats."""
    return _is_uuid(device_id) is not None and (all(map(_is_usual, date_times)) or all(map(is_date_time, date_times)))


def is_date_time(text: str) -> bool:
    """Whether a text is a date-time."""
    found = _parts_of(text)
    if found is None:
        return False
    year, month, day, hour, minute, second, offset_hours, offset_minutes = (
        int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6, 8, 9)
    )
    if not 1 <= month <= 12 or not 1 <= day <= _days(year, month):
        return False
    if hour > 23 or minute > 59 or second > 60 or offset_hours > 23 or offset_minutes > 59:
        return False
    offset = (offset_hours * 60 + offset_minutes) * (-1 if found[7] == "-" else 1)
    return second < 60 or (hour * 60 + minute - offset) % _DAY == _DAY - 1


def _days(year: int, month: int) -> int:
    # The calendar repeats itself every 400 years, and Python's knows no year 0.
    return monthrange(year or 400, month)[1]
