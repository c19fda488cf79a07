"""Records of the output topic as messages; what is no HeartRateZoneReached is counted, never fatal."""

import msgspec
from confluent_kafka import Message

from heartzone.messages import HeartRateZoneReached
from heartzone.wire import BadFrameError, unframe


class ZoneMessages:
    """Decodes records; `unreadable` counts those that are no HeartRateZoneReached in the wire format."""

    def __init__(self) -> None:
        self.unreadable = 0
        self._decoder = msgspec.json.Decoder(HeartRateZoneReached)

    def decode(self, record: Message) -> HeartRateZoneReached | None:
        """Return the message, or None for a record that is none."""
        try:
            _, payload = unframe(record.value())
            return self._decoder.decode(payload)
        except (BadFrameError, msgspec.MsgspecError):
            self.unreadable += 1
            return None
