"""The Confluent wire format: byte 0, the schema's id as four bytes (big-endian), then the payload.

Source: Confluent Schema Registry documentation, "Wire format". The newer form (byte 1, a GUID) and ids in headers are
not read here: a record that uses them is a bad frame.
"""

from struct import Struct

IDEMPOTENCY_KEY_HEADER = "idempotency-key"
"""The header of a record that has the key of its request, or ``<key>/<index>`` for an item of a batch."""

DEAD_LETTER_HEADER_PREFIX = "heartzone.dlq."
"""What the names of the headers begin with that a dead letter has beside those of its record."""
REPLAYS_HEADER = "heartzone.replays"
"""The header of a record that was a dead letter and was sent again: how often that has happened to it."""

_HEADER = Struct(">BI")
_MAGIC = 0


class BadFrameError(ValueError):
    """A record value that is not framed as it should be; the text says what is wrong."""


def frame_prefix(schema_id: int) -> bytes:
    """The five bytes that precede every payload of this schema."""
    return _HEADER.pack(_MAGIC, schema_id)


def unframe(value: bytes | None) -> tuple[int, bytes]:
    """The schema id and the payload of a record value.

    Raises:
        BadFrameError: no value, too short, or another first byte.
    """
    if value is None:
        raise BadFrameError("the record has no value (a tombstone); a schema id and a JSON payload were expected")
    if len(value) < _HEADER.size:
        raise BadFrameError(
            f"the value has {len(value)} bytes; at least 5 were expected: byte 0 and a four-byte schema id"
        )
    magic, schema_id = _HEADER.unpack_from(value)
    if magic != _MAGIC:
        raise BadFrameError(f"the first byte is 0x{magic:02x}; 0x00 was expected, followed by a four-byte schema id")
    return schema_id, value[_HEADER.size :]


def subject_of(topic: str) -> str:
    """The registry's subject for the values of a topic, by TopicNameStrategy."""
    return f"{topic}-value"
