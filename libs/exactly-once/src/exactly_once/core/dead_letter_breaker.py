"""A breaker that pauses a partition of which too many records would become dead letters."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from exactly_once.core.records import Partition

GRAINS = 60
"""Parts of a window: the memory of a partition, however many batches are committed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerPolicy:
    """A partition pauses when more than ``max_share`` (0 to 1) of its records of the last ``window`` seconds are dead
    letters, and at least ``min_dead_letters`` of them. A share of 1 never pauses.

    The defaults let pass what single writers and devices do wrong: fewer than a hundred bad records in a minute never
    pause a partition, however quiet it is.
    """

    max_share: float = 0.5
    window: float = 60.0
    min_dead_letters: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share is {self.max_share}; give a share above 0 and at most 1")
        if self.window <= 0:
            raise ValueError(f"window is {self.window}; give a number of seconds above 0")
        if self.min_dead_letters < 1:
            raise ValueError(f"min_dead_letters is {self.min_dead_letters}; give at least 1")


class DeadLetterBreaker:
    """Judges what each partition would send to the dead-letter topic, before it is committed.

    A batch is not admitted when, in any stretch that ends with it and lies within the window, the share and the number
    of dead letters are above the limits: good records of a minute ago must not outweigh a thousand bad ones of now.
    Once paused, a partition is judged by the batch that it tries alone, so that poison of the past keeps nothing
    paused that is good again.
    """

    def __init__(self, policy: BreakerPolicy | None) -> None:
        self._policy = policy
        self._windows: dict[Partition, _Window] = {}

    @property
    def is_watching(self) -> bool:
        """True while a partition has had dead letters within the window: only then do its good records count."""
        return bool(self._windows)

    def admits(self, partition: Partition, records: int, dead_letters: int, now: float) -> bool:
        """Say whether a batch may be committed.

        Args:
            partition: the partition that all of these records are from.
            records: of the partition in the batch, dead letters included.
            dead_letters: how many of them would become dead letters.
            now: seconds of a clock that never goes back.
        """
        policy = self._policy
        if policy is None or dead_letters == 0:
            return True
        window = self._window(partition)
        if window.resumed:
            return True
        if window.paused:
            return dead_letters <= policy.max_share * records
        window.forget_before(now - policy.window)
        window.paused = any(
            dead >= policy.min_dead_letters and dead > policy.max_share * total
            for total, dead in window.stretches(records, dead_letters)
        )
        return not window.paused

    def committed(self, partition: Partition, records: int, dead_letters: int, now: float) -> None:
        """A batch that was admitted is committed."""
        policy = self._policy
        if policy is None or (dead_letters == 0 and partition not in self._windows):
            return
        window = self._window(partition)
        if window.paused:
            window.paused = False
            window.counts.clear()
        window.forget_before(now - policy.window)
        window.add(now, records, dead_letters, grain=policy.window / GRAINS)
        if window.resumed:
            total, dead = window.sum()
            window.resumed = dead > policy.max_share * total
        elif window.sum()[1] == 0:
            del self._windows[partition]

    def resume(self, partition: Partition) -> None:
        """A person says to go on: whatever comes is admitted until the share has fallen to the limit once."""
        if self._policy is not None:
            self._windows[partition] = _Window(resumed=True)

    def forget(self, partition: Partition) -> None:
        """The partition is another worker's now."""
        self._windows.pop(partition, None)

    def _window(self, partition: Partition) -> "_Window":
        return self._windows.setdefault(partition, _Window())


@dataclass(slots=True)
class _Window:
    """What was committed of a partition lately: records and dead letters among them, by time."""

    resumed: bool = False
    paused: bool = False
    counts: deque[tuple[float, int, int]] = field(default_factory=deque)

    def forget_before(self, time: float) -> None:
        while self.counts and self.counts[0][0] < time:
            self.counts.popleft()

    def add(self, now: float, records: int, dead_letters: int, *, grain: float) -> None:
        """Count a batch, together with those that began less than a grain ago: there may be hundreds a second."""
        began, total, dead = now, 0, 0
        if self.counts and now - self.counts[-1][0] < grain:
            began, total, dead = self.counts.pop()
        self.counts.append((began, total + records, dead + dead_letters))

    def stretches(self, records: int, dead_letters: int) -> Iterator[tuple[int, int]]:
        """Yield records and dead letters of this batch alone, with the counts before it, and so on backwards."""
        yield records, dead_letters
        for _began, total, dead in reversed(self.counts):
            records, dead_letters = records + total, dead_letters + dead
            yield records, dead_letters

    def sum(self) -> tuple[int, int]:
        return sum(total for _began, total, _dead in self.counts), sum(dead for _began, _total, dead in self.counts)
