"""Whether the loop moves: what `/livez` tells. No I/O."""

import time
from collections.abc import Callable

from service_chassis.telemetry.management import Health


class Progress:
    """Told of each step by whoever makes it, and asked from other threads."""

    def __init__(self, limit: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit`: seconds from one step to the next, which no step takes that may still end."""
        self._limit = limit
        self._clock = clock
        self._moved_at = clock()

    def moved(self) -> None:
        """Note a step."""
        self._moved_at = self._clock()

    def health(self) -> Health:
        """Say whether the last step is recent."""
        age = self._clock() - self._moved_at
        if age < self._limit:
            return Health(ok=True, reason="the loop moves")
        return Health(ok=False, reason=f"the loop has not moved for {age:.0f} s")
