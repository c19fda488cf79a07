"""Samples and seconds per zone, counted from zone events. Pure.

The zones are the events' own; the recording only gives the duration of each reading. An event counts once for each
reading of that device, time and heart rate that was sent. Any other one is unexpected: it belongs to an earlier run
that is still being processed, or to a request that was sent twice.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from heartzone.messages import HeartRateZoneReached
from heartzone_cli.cluster.zone_events import time_of
from heartzone_cli.replay.workout import Workout

ReadingKey = tuple[str, datetime, int]


@dataclass
class Tally:
    """Samples and seconds per zone (1 to 5), and the events that could not be counted."""

    samples: Counter[int] = field(default_factory=Counter)
    seconds: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    unexpected: int = 0
    invalid: int = 0


class ZoneCounter:
    """Counts zone events against the readings of some workouts."""

    def __init__(self, workouts: Iterable[Workout]) -> None:
        self.tally = Tally()
        self._expected: defaultdict[ReadingKey, deque[float]] = defaultdict(deque)
        for workout in workouts:
            for reading in workout.readings:
                self._expected[workout.device_id, reading.time, reading.heart_rate].append(reading.seconds)

    def count(self, event: HeartRateZoneReached) -> None:
        """Count one zone event."""
        try:
            time = time_of(event)
        except ValueError:
            self.tally.invalid += 1
            return
        durations = self._expected.get((event.device_id, time, event.heart_rate))
        if not durations:
            self.tally.unexpected += 1
            return
        self.tally.samples[event.zone] += 1
        self.tally.seconds[event.zone] += durations.popleft()
