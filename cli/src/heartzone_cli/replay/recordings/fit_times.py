"""Times that FIT messages have in part only: of chest straps, and of devices that are worn all day. Pure.

Seconds count from FIT's epoch; what is left of a time is found from the one before (FIT SDK, "Plugin framework" of hr
messages and "Monitoring messages").
"""

from collections.abc import Sequence

TICKS = 1024
"""Of a strap's clock in a second; its messages have the last 12 bits of their number."""
FRACTIONS = 32768
"""Of a second in `fractional_timestamp`."""


class NoStartError(ValueError):
    """A time that counts from one that the file does not have; the message lacks the file's name."""


class StrapTimes:
    """Times of `hr` messages: one has the date and the strap's ticks, those that follow 12 bits of the ticks."""

    def __init__(self) -> None:
        self._start: float | None = None
        """When the strap's ticks were 0."""
        self._ticks = 0

    def read(
        self, *, timestamp: int | None, fraction: int | None, events: Sequence[int | None], short_events: bytes
    ) -> list[float | None]:
        """When each heart rate of a message was measured; None for what fills the last message up.

        Raises NoStartError.
        """
        full = [each for each in events if each is not None]
        if full:
            if timestamp is not None:
                self._start = timestamp + (fraction or 0) / FRACTIONS - full[0] / TICKS
            self._ticks = full[-1]
            return [self._time(ticks) for ticks in full]
        times: list[float | None] = []
        for low in _twelve_bits(short_events):
            ticks = self._ticks & ~0xFFF | low
            if ticks < self._ticks:
                ticks += 0x1000
            times.append(self._time(ticks) if ticks != self._ticks else None)
            self._ticks = ticks
        return times

    def _time(self, ticks: int) -> float:
        if self._start is None:
            raise NoStartError("has heart rates of a strap, and not the date from which their times count.")
        return self._start + ticks / TICKS


class ShortTimes:
    """Times of `monitoring` messages: most have the last 16 bits of their seconds."""

    def __init__(self) -> None:
        self._seconds: int | None = None

    def read(self, timestamp: int | None, low: int | None) -> int:
        """When a message was written. Raises NoStartError."""
        if timestamp is not None:
            self._seconds = timestamp
        elif self._seconds is None:
            raise NoStartError("has heart rates of a day, and not the date from which their times count.")
        elif low is not None:
            self._seconds += (low - self._seconds) & 0xFFFF
        return self._seconds


def _twelve_bits(packed: bytes) -> list[int]:
    """Two numbers in each three bytes, the lowest bits first."""
    numbers = []
    for at in range(0, len(packed) - 2, 3):
        first, second, third = packed[at : at + 3]
        numbers += [first | (second & 0x0F) << 8, second >> 4 | third << 4]
    return numbers
