"""The three logs of a pipeline as lists of records: what is written to them, and what right workers make of it.

Written apart from every product's code for it, so that tests compare two opinions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

OUTPUT_SCHEMA_ID, INPUT_SCHEMA_ID = 2, 1
Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class LogRecord:
    """A record, with the methods of confluent_kafka.Message."""

    at: tuple[int, int]  # partition, offset
    its_key: bytes | None
    its_value: bytes | None
    time: int = 0
    its_headers: Headers = ()

    def partition(self) -> int:
        return self.at[0]

    def offset(self) -> int:
        return self.at[1]

    def key(self) -> bytes | None:
        return self.its_key

    def value(self) -> bytes | None:
        return self.its_value

    def headers(self) -> list[tuple[str, bytes]] | None:
        return list(self.its_headers) or None

    def timestamp(self) -> tuple[int, int]:
        return (1, self.time)


@dataclass
class Logs:
    """Records of the input, the output and the dead-letter topic, each in the order of writing."""

    inputs: list[LogRecord] = field(default_factory=list)
    events: list[LogRecord] = field(default_factory=list)
    letters: list[LogRecord] = field(default_factory=list)


def biometrics(device: str, readings: Sequence[tuple[str, int]], maximum: int = 200) -> bytes:
    """A record's value."""
    heart_rates = [{"DateTime": time, "Value": value} for time, value in readings]
    message = {"DeviceId": device, "HeartRates": heart_rates, "MaxHeartRate": maximum}
    return frame(INPUT_SCHEMA_ID, message)


def frame(schema_id: int, message: object) -> bytes:
    """A value in the wire format."""
    return b"\0" + schema_id.to_bytes(4) + json.dumps(message, separators=(",", ":")).encode()


def events_of(record: LogRecord) -> list[tuple[bytes, bytes]]:
    """Key and value of each zone event that a record gives."""
    assert record.its_value is not None
    message = json.loads(record.its_value[5:])
    maximum = message["MaxHeartRate"]
    found = []
    for reading in message["HeartRates"]:
        zone = min(max(reading["Value"] * 10 // maximum - 4, 0), 5)
        if zone:
            event = {
                "DeviceId": message["DeviceId"],
                "Zone": zone,
                "DateTime": reading["DateTime"],
                "HeartRate": reading["Value"],
                "MaxHeartRate": maximum,
            }
            found.append((message["DeviceId"].encode(), frame(OUTPUT_SCHEMA_ID, event)))
    return found


def letter_of(record: LogRecord, topic: str, at: tuple[int, int], reason: str = "schema_violation") -> LogRecord:
    """The dead letter of a record."""
    origin = {
        "topic": topic,
        "partition": record.at[0],
        "offset": record.at[1],
        "reason": reason,
        "detail": "it is not",
    }
    added = tuple((f"heartzone.dlq.{name}", str(value).encode()) for name, value in origin.items())
    return replace(record, at=at, its_headers=(*record.its_headers, *added))
