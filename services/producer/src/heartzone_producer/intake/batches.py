"""A batch taken apart into items, each of which then stands alone."""

from collections.abc import Iterator
from io import BytesIO

import msgspec

from heartzone_producer.intake.examination import parse
from heartzone_producer.intake.refusals import FieldError, InvalidFields, NotJson

_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def lines(body: bytes) -> Iterator[bytes]:
    """The items of an NDJSON body; blank lines are none."""
    return (line for line in BytesIO(body) if line.strip())


def elements(body: bytes) -> list[bytes]:
    """The items of a JSON array, as they were written.

    Raises:
        NotJson: the body as a whole is not JSON.
        InvalidFields: it is not an array.
    """
    try:
        return [bytes(item) for item in _decode_items(body)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The exact parser words what is wrong; what it takes is JSON.
        if isinstance(parse(body), list):
            raise NotJson([FieldError("", "the body holds text that is not Unicode")]) from None
        raise InvalidFields([FieldError("", "the body is not an array of messages")]) from None
