"""Progress of the loop, which `/livez` reports."""

import time
from collections.abc import Callable


class Progress:
    """Step by step progress, recorded by whoever makes a step and read from other threads."""

    def __init__(self, timeout: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`timeout`: seconds from one step to the next that no step exceeds which may still end."""
        self._timeout = timeout
        self._clock = clock
        self._last_step = clock()

    def step(self) -> None:
        """Record a step."""
        self._last_step = self._clock()

    @property
    def problem(self) -> str | None:
        """Why the loop counts as stuck; None while the last step is recent."""
        age = self._clock() - self._last_step
        return None if age < self._timeout else f"the loop has made no progress for {age:.0f} s"
