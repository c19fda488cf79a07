"""The records of the output, examined: the payload as the pure rule writes it, or what is wrong. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from heartzone.messages import HeartRateZoneReached, encode
from heartzone.wire import BadFrameError, frame_prefix, unframe
from heartzone_cli.audit.findings import Finding

PREFIX = 5
_decode = msgspec.json.Decoder(HeartRateZoneReached).decode

SchemaCheck = Callable[[int], str | None]
"""Say what is wrong with a schema id, None where nothing is."""


@dataclass(frozen=True, slots=True)
class Event:
    """A zone event: its device, its payload in the form of the rule, and what is wrong with how it was written."""

    device: bytes
    payload: bytes
    wrong: tuple[tuple[Finding, str], ...]


@dataclass(frozen=True, slots=True)
class NoEvent:
    """A record that is no zone event, and why."""

    detail: str


class EventReader:
    """Examines records of the output. `is_usual` is the quick look at what nearly every record begins with."""

    def __init__(self, check: SchemaCheck) -> None:
        self._check = check
        self._known: dict[bytes, str | None] = {}
        self.usual: set[bytes] = set()
        """The first five bytes of records whose schema is right."""

    def read(self, key: bytes | None, value: bytes | None) -> Event | NoEvent:
        """Examine one record."""
        try:
            schema_id, payload = unframe(value)
            message = _decode(payload)
        except BadFrameError as error:
            return NoEvent(str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return NoEvent("the payload is not a HeartRateZoneReached")
        wrong: list[tuple[Finding, str]] = []
        problem = self._problem_of(schema_id)
        if problem is not None:
            wrong.append((Finding.WRONG_SCHEMA, problem))
        device = message.device_id.encode()
        if key != device:
            wrong.append((Finding.WRONG_KEY, "there is no key" if key is None else "the key is not the DeviceId"))
        return Event(device, encode(message), tuple(wrong))

    def _problem_of(self, schema_id: int) -> str | None:
        prefix = frame_prefix(schema_id)
        if prefix not in self._known:
            problem = self._known[prefix] = self._check(schema_id)
            if problem is None:
                self.usual.add(prefix)
            if len(self._known) > 10_000:
                self._known.clear()
        return self._known.get(prefix)


def reading_of(payload: bytes) -> tuple[str, int, int]:
    """Return the time, heart rate and maximum of a payload in the form of the rule."""
    message = _decode(payload)
    return message.date_time, message.heart_rate, message.max_heart_rate
