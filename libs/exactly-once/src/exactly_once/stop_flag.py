"""A stop that a signal handler may request."""

import math
import time

CHECK_INTERVAL = 0.1  # seconds


class StopFlag:
    """Set once, checked often.

    Not a threading.Event: a handler runs on the thread that it interrupts, and ``Event.set`` in it would wait for a
    lock that the same thread may hold in ``Event.wait``.
    """

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """Request the stop."""
        self._set = True

    def is_set(self) -> bool:
        """Return True once the stop was requested."""
        return self._set

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait so long, or until the stop is requested; return whether it was."""
        deadline = time.monotonic() + seconds
        while not self._set and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(CHECK_INTERVAL, left))
        return self._set
