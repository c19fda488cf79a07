"""End a process whose loop makes no progress, even when nothing in Python can run any more."""

import faulthandler
import time

DEFAULT_LIMIT = 90.0  # seconds


class Watchdog:
    """A dead man's switch on the progress of a loop.

    Some calls into librdkafka ignore their timeout, of which `bounded_calls` knows two, and some hold the
    interpreter's lock while they wait, so neither a signal handler nor a Python thread could end the process.
    ``faulthandler`` keeps its timer in C: when it is not re-armed in time it writes every thread's stack to stderr and
    exits with 1, and the supervisor starts the process again. There is one such timer in a process; this takes it.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        """Seconds without progress after which the process ends, None without a watchdog."""
        self._armed_at = 0.0
        self.last_progress = time.monotonic()

    def progress(self) -> None:
        """The loop makes progress: restart the timer."""
        self.last_progress = time.monotonic()
        # Re-arming starts a thread, so not for each of hundreds of small transactions a second.
        if self.limit is not None and self.last_progress - self._armed_at > self.limit / 20:
            faulthandler.dump_traceback_later(self.limit, exit=True)
            self._armed_at = self.last_progress

    @property
    def age(self) -> float:
        """Seconds since the loop last made progress."""
        return time.monotonic() - self.last_progress

    def disarm(self) -> None:
        """The loop has ended as it should."""
        if self.limit is not None:
            faulthandler.cancel_dump_traceback_later()
