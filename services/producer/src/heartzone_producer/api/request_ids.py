"""Ids of requests: the client's, or one of ours, in the response and in logs."""

import re
from itertools import count
from secrets import token_hex

from heartzone_producer.api.header_fields import HeaderFields

HEADER = b"x-request-id"

_SANE = re.compile(rb"[A-Za-z0-9_.~+/=:@-]{1,128}")
"""Characters that need no escape in a header, a line of a log, or a search in one."""

_PREFIX = token_hex(8)
_NUMBERS = count(1)


def new_request_id() -> bytes:
    """An id that no other request has: random for the process, then counted, at a tenth of the cost of a UUID."""
    return f"{_PREFIX}-{next(_NUMBERS):x}".encode()


def request_id(fields: HeaderFields) -> bytes:
    """The id that a request came with, or a new one where it has none, or one that no log should hold."""
    value = fields.get(HEADER)
    return value if value is not None and _SANE.fullmatch(value) else new_request_id()
