"""Records of the output topic as zone events; an invalid one is counted, never fatal. Pure."""

from datetime import UTC, datetime

import msgspec

from heartzone.messages import HeartRateZoneReached
from heartzone.wire import BadFrameError, unframe


class ZoneEventDecoder:
    """Decodes records' values; `invalid` counts those that are no HeartRateZoneReached in the wire format."""

    def __init__(self) -> None:
        self.invalid = 0
        self._decoder = msgspec.json.Decoder(HeartRateZoneReached)

    def decode(self, value: bytes | None) -> HeartRateZoneReached | None:
        """Return the zone event, or None for an invalid value."""
        try:
            _, payload = unframe(value)
            return self._decoder.decode(payload)
        except (BadFrameError, msgspec.MsgspecError):
            self.invalid += 1
            return None


def time_of(event: HeartRateZoneReached) -> datetime:
    """Return the event's DateTime in UTC. Raises ValueError when it is invalid: the topic is open to other writers."""
    try:
        return datetime.fromisoformat(event.date_time).astimezone(UTC)
    except OverflowError as error:  # an offset leads out of the years 1 to 9999
        raise ValueError(f"{event.date_time!r} is outside the years 1 to 9999") from error
