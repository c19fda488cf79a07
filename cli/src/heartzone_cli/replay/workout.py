"""A recording as it is sent: its device, its requests, and the duration of each reading. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from heartzone_cli.replay.recordings import Sample

MAX_READING_SECONDS = 30.0

# A request is one Kafka message and at most so many outputs in one transaction. The longest reading is 64 bytes
# of JSON, so that a full request is 63 KiB: far below the API's 1 MiB and a Kafka message's limit.
SAMPLES_PER_REQUEST = 1000


class Reading(NamedTuple):
    """A sample, and its duration in seconds: until the next one, at most 30; 0 for the last one."""

    time: datetime
    heart_rate: int
    seconds: float


@dataclass(frozen=True)
class Workout:
    """One recording, and the device that it is sent as."""

    path: Path
    device_id: str
    max_heart_rate: int
    readings: tuple[Reading, ...]
    left_out: int = 0
    """Samples of the recording that cannot be used."""


def timed(samples: Sequence[Sample]) -> tuple[Reading, ...]:
    """Give each sample its duration. The samples are sorted by time."""
    readings = [
        Reading(*sample, min((following.time - sample.time).total_seconds(), MAX_READING_SECONDS))
        for sample, following in pairwise(samples)
    ]
    readings.extend(Reading(*sample, 0.0) for sample in samples[-1:])
    return tuple(readings)


def body(workout: Workout, readings: Sequence[Reading]) -> bytes:
    """Encode one `POST /biometrics`."""
    message = {
        "deviceId": workout.device_id,
        "heartRates": [{"dateTime": rfc3339(reading.time), "value": reading.heart_rate} for reading in readings],
        "maxHeartRate": workout.max_heart_rate,
    }
    return json.dumps(message, separators=(",", ":")).encode()


def rfc3339(time: datetime) -> str:
    """Write a UTC time as the API would: with Z, and with microseconds only if there are any."""
    return time.replace(tzinfo=None).isoformat() + "Z"
