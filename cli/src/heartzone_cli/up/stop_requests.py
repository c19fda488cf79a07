"""Ctrl-C and signals, recorded instead of raised: `up` decides itself where it unwinds."""

import queue
import signal
import time
from types import FrameType, TracebackType
from typing import Self

# By name: Windows, which is reported as unsupported later, has no SIGHUP.
SIGNALS = tuple(each for each in signal.Signals if each.name in {"SIGINT", "SIGTERM", "SIGHUP"})
# A terminal sends Ctrl-C to make and to a wrapper too, which may pass it on: signals within so many seconds are one
# request.
SAME_REQUEST_SECONDS = 0.5


class StopRequests:
    """Handles the signals while its block lasts, the last of the process: one requests a stop, another one a kill."""

    def __init__(self) -> None:
        self.stop_requested = False
        self.kill_requested = False
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
        """Wait, at most until a signal arrives."""
        try:
            self._wake.get(timeout=seconds)
        except queue.Empty:
            return

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.stop_requested:
            self.stop_requested, self._first = True, now
        elif now - self._first > SAME_REQUEST_SECONDS:
            self.kill_requested = True
        self._wake.put(None)
