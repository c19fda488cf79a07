"""From the messages of the output topic to samples and minutes per zone. Pure.

The zones are the messages' own; the recording only says how long each reading lasted. A message counts once for
each reading of that device, time and heart rate that was sent: one that is left over came from elsewhere (an
earlier run still being worked off, a request that was sent twice) and is counted apart.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from heartzone_cli.replay.workout import Workout

ReadingKey = tuple[str, datetime, int]


@dataclass
class Tally:
    """Samples and seconds per zone (1 to 5), and what could not be counted."""

    samples: Counter[int] = field(default_factory=Counter)
    seconds: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    unexpected: int = 0
    unreadable: int = 0


class ZoneCounter:
    """Counts messages of the output topic against the readings of some workouts."""

    def __init__(self, workouts: Iterable[Workout]) -> None:
        self.tally = Tally()
        self._expected: defaultdict[ReadingKey, deque[float]] = defaultdict(deque)
        for workout in workouts:
            for reading in workout.readings:
                self._expected[workout.device_id, reading.time, reading.heart_rate].append(reading.seconds)

    def count(self, *, device_id: str, zone: int, date_time: str, heart_rate: int) -> None:
        """Count one message; `date_time` is RFC 3339."""
        try:
            time = datetime.fromisoformat(date_time).astimezone(UTC)
        except (ValueError, OverflowError):
            self.tally.unreadable += 1
            return
        durations = self._expected.get((device_id, time, heart_rate))
        if not durations:
            self.tally.unexpected += 1
            return
        self.tally.samples[zone] += 1
        self.tally.seconds[zone] += durations.popleft()
