"""Ctrl-C and signals, counted instead of raised: where `up` unwinds is its own choice."""

import queue
import signal
import time
from types import FrameType, TracebackType
from typing import Self

# By name: Windows, which is refused in a sentence later, has no SIGHUP.
SIGNALS = tuple(each for each in signal.Signals if each.name in {"SIGINT", "SIGTERM", "SIGHUP"})
# A terminal sends Ctrl-C to make and to a wrapper too, which may pass it on: one wish, twice told.
ONE_WISH_S = 0.5


class StopRequests:
    """Takes the signals while its block lasts, the last of the process: one asks to stop, another one to hurry."""

    def __init__(self) -> None:
        self.asked = False
        self.hurried = False
        self._first = 0.0
        # Unlike an Event, it may be put into by a handler that interrupts get().
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Everything has stopped: one more Ctrl-C while Python ends would only spoil the exit code.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def pause(self, seconds: float) -> None:
        """Wait, but not on when a signal comes."""
        try:
            self._wake.get(timeout=seconds)
        except queue.Empty:
            return

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.asked:
            self.asked, self._first = True, now
        elif now - self._first > ONE_WISH_S:
            self.hurried = True
        self._wake.put(None)
