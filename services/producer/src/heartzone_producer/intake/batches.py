"""Split a batch into items, each of which is then accepted or rejected on its own."""

from collections.abc import Iterator
from io import BytesIO

import msgspec

from heartzone.violations import Violation
from heartzone_producer.intake.errors import InvalidMessageError, MalformedBodyError
from heartzone_producer.intake.json_text import parse

_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def lines(body: bytes) -> Iterator[bytes]:
    """The items of an NDJSON body; blank lines are none."""
    return (line for line in BytesIO(body) if line.strip())


def elements(body: bytes) -> list[bytes]:
    """The items of a JSON array, as they were written.

    Raises:
        MalformedBodyError: the body as a whole is not JSON.
        InvalidMessageError: it is not an array.
    """
    try:
        return [bytes(item) for item in _decode_items(body)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The exact parser words what is wrong; what it takes is JSON.
        if isinstance(parse(body), list):
            raise MalformedBodyError([Violation("", "the body holds text that is not Unicode")]) from None
        raise InvalidMessageError([Violation("", "the body is not an array of messages")]) from None
