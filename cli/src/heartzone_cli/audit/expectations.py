"""Expectations of a record of the input: its zone events, by the pure rule, or a dead letter.

A record that is a Biometrics by our schema gives events. One that is so only when further fields are left out, or whose
numbers have a fraction of zero, may be one to the schema of its writer: either events or a dead letter is right. Any
other is poison, and so is one with a device or a time that has not its format. Dead letters are right for every record,
except where the reason is one that cannot be.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from heartzone.messages import INT32_MAX, Biometrics, HeartRate
from heartzone.wire import BadFrameError, unframe
from heartzone.zones import Zone, zone_of
from heartzone_cli.audit.formats import are_valid

# Reasons by which a dead letter says that the record itself is not a Biometrics.
ABOUT_THE_RECORD = frozenset({"bad_frame", "invalid_json", "schema_violation", "tombstone"})

_decode = msgspec.json.Decoder(Biometrics).decode
_parse = msgspec.json.Decoder().decode


# Formatting a member of an IntEnum takes ten times as long.
_DIGITS = tuple(str(int(zone)) for zone in Zone)


class Expectation(NamedTuple):
    """Key and payloads of the events that a record gives, in order."""

    key: bytes
    payloads: Sequence[bytes]


def expect(value: bytes | None) -> Expectation | None:
    """Return the events that a record's value gives, None for poison."""
    try:
        _, payload = unframe(value)
    except BadFrameError:
        return None
    try:
        message = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _leniently(payload)
        if found is None:
            return None
        message = found
    device, maximum = message.device_id, message.max_heart_rate
    if not are_valid(device, [each.date_time for each in message.heart_rates]):
        return None
    # What `encode` would write, in a third of the time: no text in its format needs escaping.
    head, tail = f'{{"DeviceId":"{device}","Zone":', f',"MaxHeartRate":{maximum}}}'
    payloads = [
        f'{head}{_DIGITS[zone]},"DateTime":"{each.date_time}","HeartRate":{each.value}{tail}'.encode()
        for each in message.heart_rates
        if (zone := zone_of(each.value, maximum))
    ]
    return Expectation(device.encode(), payloads)


def is_certainly_valid(value: bytes | None) -> bool:
    """Whether a value is a Biometrics to everybody, formats included: no dead letter may say otherwise."""
    try:
        message = _decode(unframe(value)[1])
    except (BadFrameError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return are_valid(message.device_id, [each.date_time for each in message.heart_rates])


def _leniently(payload: bytes) -> Biometrics | None:
    try:
        found = _parse(payload)
        return Biometrics(
            _text(found["DeviceId"]),
            [HeartRate(_text(each["DateTime"]), _integer(each["Value"], 0)) for each in found["HeartRates"]],
            _integer(found["MaxHeartRate"], 1),
        )
    except (msgspec.DecodeError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    if not least <= value <= INT32_MAX:
        raise ValueError
    return int(value)
