"""Expectations of a record of the input: its zone events, by the pure rule, or a dead letter.

A record that is a Biometrics by our schema gives events. One that is so only when further fields are left out, or whose
numbers have a fraction of zero, may be one to the schema of its writer: either events or a dead letter is right. Any
other is poison. Dead letters are right for every record, except where the reason is one that cannot be.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from heartzone.messages import INT32_MAX, Biometrics, HeartRate, HeartRateZoneReached, encode
from heartzone.wire import BadFrameError, unframe
from heartzone.zones import Zone, zone_of

# Reasons by which a dead letter says that the record itself is not a Biometrics.
ABOUT_THE_RECORD = frozenset({"bad_frame", "invalid_json", "schema_violation", "tombstone"})

_decode = msgspec.json.Decoder(Biometrics).decode
_parse = msgspec.json.Decoder().decode
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)


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
    valid = True
    try:
        message = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        valid = False
        found = _leniently(payload)
        if found is None:
            return None
        message = found
    device, maximum = message.device_id, message.max_heart_rate
    if valid and b"\\" not in payload:
        # What `encode` would write, in a third of the time: no text in the payload needed escaping.
        head, tail = f'{{"DeviceId":"{device}","Zone":', f',"MaxHeartRate":{maximum}}}'
        payloads = [
            f'{head}{_DIGITS[zone]},"DateTime":"{each.date_time}","HeartRate":{each.value}{tail}'.encode()
            for each in message.heart_rates
            if (zone := zone_of(each.value, maximum))
        ]
    else:
        payloads = [
            encode(HeartRateZoneReached(device, int(zone), each.date_time, each.value, maximum))
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
    return _UUID.fullmatch(message.device_id) is not None and all(
        _is_time(each.date_time) for each in message.heart_rates
    )


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    try:
        datetime.fromisoformat(found[1])
    except ValueError:
        return False
    return True


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
