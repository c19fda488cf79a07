"""The schema formats ``uuid`` and ``date-time`` as JSON Schema reads them, asserted in bulk; texts stay as they are.

The rules are those of RFC 9562 (36 characters, hyphenated, any case) and of RFC 3339 as the JSON Schema test suite
reads it: a calendar date that exists, hours to 23, an offset of at most 23:59, any number of fraction digits, ``T`` and
``Z`` in any case, and a second 60 only when it is 23:59 in UTC. All of it is checked in Rust.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from heartzone.examination import TextFormat

_UUID = {"type": "string", "format": "uuid"}
_DATE_TIME = {
    "type": "string",
    "format": "date-time",
    # The format alone lets the characters before "0" in ASCII (* + , - . /) stand for some digits.
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
}


def _validator(schema: dict[str, Any]) -> Callable[[object], bool]:
    # The draft is that of these few rules, not of the messages' schemas: draft 7 does not know the format uuid.
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid


is_uuid = _validator(_UUID)
"""Check that a value is the text of a UUID."""

is_date_time = _validator(_DATE_TIME)
"""Check that a value is the text of a date-time."""

are_uuid_and_date_times = _validator({"prefixItems": [_UUID], "items": _DATE_TIME})
"""Check that the first item of a list is the text of a UUID and all others are date-times: one call for a message."""


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
