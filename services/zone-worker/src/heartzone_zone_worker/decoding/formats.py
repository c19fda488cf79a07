"""The schema formats ``uuid`` and ``date-time`` as JSON Schema reads them, asserted in bulk; texts stay as they are.

The rules are those of RFC 9562 (36 characters, hyphenated, any case) and of RFC 3339 as the JSON Schema test suite
reads it: a calendar date that exists, hours to 23, an offset of at most 23:59, any number of fraction digits, ``T`` and
``Z`` in any case, and a second 60 only when it is 23:59 in UTC. The calendar is checked in Rust, the shape here.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import jsonschema_rs

from heartzone.examination import TextFormat


def _validator(schema: dict[str, object]) -> Callable[[object], bool]:
    # The draft is that of these few rules, not of the messages' schemas: draft 7 does not know the format uuid.
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid


is_uuid = _validator({"type": "string", "format": "uuid"})
"""Check that a value is the text of a UUID."""

_is_dated = _validator({"type": "string", "format": "date-time"})
_are_dated = _validator({"prefixItems": [{"format": "uuid"}], "items": {"format": "date-time"}})

# The validator lets the characters before "0" in ASCII (* + , - . /) stand for some digits, so shapes are checked too.
_SHAPE = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)"
_has_shape = re.compile(_SHAPE, re.ASCII).fullmatch
_have_shape = re.compile(rf"(?:{_SHAPE}\n)*", re.ASCII).fullmatch
_DIGITS = b"0123456789"


def is_date_time(value: object) -> bool:
    """Whether a value is the text of a date-time."""
    return _is_dated(value) and isinstance(value, str) and _has_shape(value) is not None


def are_uuid_and_date_times(texts: Sequence[str]) -> bool:
    """Whether the first text is a UUID and all others are date-times: two calls for a whole message."""
    if not _are_dated(texts):
        return False
    date_times = texts[1:]
    joined = "".join(date_times)
    # What is left without the digits of date-times in UTC; a character in a digit's place would be left as well. The
    # one that would go unseen is a point as the last digit of a second without fractions: it has Z right behind it.
    marks = joined.encode().translate(None, _DIGITS)
    if marks == b"--T::Z" * len(date_times) or (marks == b"--T::.Z" * len(date_times) and ".Z" not in joined):
        return True
    return _have_shape("".join(f"{text}\n" for text in date_times)) is not None


def _unchanged(matches: Callable[[object], bool]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not matches(text):
            raise ValueError
        return text

    return read


FORMATS: Mapping[str, TextFormat] = {
    "uuid": TextFormat("a UUID like 3fa85f64-5717-4562-b3fc-2c963f66afa6", _unchanged(is_uuid)),
    "date-time": TextFormat("an RFC 3339 date-time like 2022-12-02T13:50:00Z", _unchanged(is_date_time)),
}
