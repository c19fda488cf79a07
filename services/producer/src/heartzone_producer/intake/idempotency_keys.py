"""The ``Idempotency-Key`` of a request (draft-ietf-httpapi-idempotency-key-header)."""

import re

from heartzone.violations import quote

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
EXPECTED = f"1 to {MAX_LENGTH} visible ASCII characters, as they are or as a quoted string,"

_visible = re.compile(rb"[\x21-\x7e]{1,%d}" % MAX_LENGTH).fullmatch
_escaped = re.compile(rb'\\(["\\])')


class InvalidKeyError(ValueError):
    """A header that is no key; the text says what was expected."""


def idempotency_key(value: bytes) -> bytes:
    """The key in the value of a header.

    The draft makes it a string of RFC 8941, in quotes; many clients send it without them. Both are the same key.

    Raises:
        InvalidKeyError: it is none.
    """
    key = value
    if value[:1] == b'"':
        key = _escaped.sub(rb"\1", value[1:-1])
        if len(value) < 2 or value[-1:] != b'"':
            key = b""
    if not _visible(key):
        shown = quote(value.decode("latin-1"))
        raise InvalidKeyError(f"{HEADER} is {shown}; {EXPECTED} were expected.")
    return key
