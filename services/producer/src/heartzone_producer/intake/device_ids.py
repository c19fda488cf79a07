"""Device ids as the API accepts them: hyphenated hex in any case, stored in lower case.

Narrower than other readings of a UUID (no braces, no ``urn:uuid:``), because the id is the record's key: two spellings
of one device would end up in two partitions.
"""

import re

PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
"""For JSON Schema, whose ``$`` is the end of the text."""

EXAMPLE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

_matches = re.compile(PATTERN.removesuffix("$"), re.ASCII).fullmatch


def normalise(text: str) -> str:
    """The device id in lower case.

    Raises:
        ValueError: it is none.
    """
    if not _matches(text):
        raise ValueError
    return text.lower()
