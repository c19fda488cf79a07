"""A stop that a signal handler may ask for."""

import math
import time

SLICE = 0.1


class StopFlag:
    """Set once, looked at often.

    Not a threading.Event: a handler runs on the thread that it interrupts, and ``Event.set`` in it would wait for a
    lock that the same thread may hold in ``Event.wait``.
    """

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """Ask for the stop."""
        self._set = True

    def is_set(self) -> bool:
        """Whether it was asked for."""
        return self._set

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait so long, or until the stop is asked for; whether it was."""
        deadline = time.monotonic() + seconds
        while not self._set and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(SLICE, left))
        return self._set
