"""What the schema formats ``uuid`` and ``date-time`` admit, asserted in bulk.

The rules are those of RFC 9562 (36 characters, hyphenated, any case) and of RFC 3339 as the JSON Schema test suite
reads it: a calendar date that exists, hours to 23, an offset of at most 23:59, any number of fraction digits, ``T`` and
``Z`` in any case, and a second 60 only when it is 23:59 in UTC. A regular expression takes thrice the time.
"""

from collections.abc import Callable

import jsonschema_rs


def _validator(schema: dict[str, object]) -> Callable[[object], bool]:
    # The draft is that of these few rules, not of the messages' schemas: draft 7 does not know the format uuid.
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid


is_uuid = _validator({"type": "string", "format": "uuid"})
"""Whether a value is the text of a UUID."""

is_date_time = _validator({"type": "string", "format": "date-time"})
"""Whether a value is the text of a date-time."""

are_uuid_and_date_times = _validator({"prefixItems": [{"format": "uuid"}], "items": {"format": "date-time"}})
"""Whether the first text of a list is a UUID and all others are date-times: one call for a whole message."""
