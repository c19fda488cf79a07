"""Readings of the traffic, distinguished by device and time, so that an audit can count each of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MAX_HEART_RATE = 200
# Every zone, and none: a reading that yields no message must not yield one in a fault either.
HEART_RATES = (90, 110, 130, 150, 170, 190)
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Reading(NamedTuple):
    """One reading of a device; no other reading of the device has its time."""

    device: str
    date_time: str
    heart_rate: int


def readings_of(device: str) -> Iterator[Reading]:
    """Readings of a device, a second apart, for ever. The times are spelled as the producer spells them."""
    number = 0
    while True:
        moment = _FIRST + timedelta(seconds=number)
        yield Reading(device, f"{moment:%Y-%m-%dT%H:%M:%SZ}", HEART_RATES[number % len(HEART_RATES)])
        number += 1


def request_body(reading: Reading) -> bytes:
    """The body of the POST request that sends a reading."""
    measured = {"dateTime": reading.date_time, "value": reading.heart_rate}
    return json.dumps({"deviceId": reading.device, "heartRates": [measured], "maxHeartRate": MAX_HEART_RATE}).encode()
