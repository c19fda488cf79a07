"""FIT files for tests: a header, messages with the fields that are given, and the checksum."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from fitdecode.utils import compute_crc  # type: ignore[import-untyped] # the library ships no types

UINT8, BYTE, UINT16, UINT32 = 0x02, 0x0D, 0x84, 0x86
_FORMATS = {UINT8: "B", BYTE: "B", UINT16: "H", UINT32: "I"}


class Field(NamedTuple):
    """A field of a message, by its number in FIT's profile."""

    number: int
    base_type: int
    values: Sequence[int]


class FitMessage(NamedTuple):
    """A message, by its global number in FIT's profile."""

    number: int
    fields: Sequence[Field]


def fit_file(*messages: FitMessage) -> bytes:
    """A FIT file of these messages, each with a definition of its own."""
    body = b"".join(map(_definition_and_data, messages))
    header = struct.pack("<BBHI4s", 14, 0x10, 2150, len(body), b".FIT")
    header += struct.pack("<H", compute_crc(header))
    return header + body + struct.pack("<H", compute_crc(header + body))


def _definition_and_data(message: FitMessage) -> bytes:
    definition = struct.pack("<BBBHB", 0x40, 0, 0, message.number, len(message.fields))
    data = b"\0"
    for field in message.fields:
        packed = struct.pack(f"<{len(field.values)}{_FORMATS[field.base_type]}", *field.values)
        definition += struct.pack("BBB", field.number, len(packed), field.base_type)
        data += packed
    return definition + data
