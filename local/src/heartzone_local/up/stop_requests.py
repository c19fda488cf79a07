"""Ctrl-C and signals, counted instead of raised: where `up` unwinds is its own choice."""

import queue
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

# By name: Windows, which is refused in a sentence later, has no SIGHUP.
SIGNALS = tuple(each for each in signal.Signals if each.name in {"SIGINT", "SIGTERM", "SIGHUP"})
# A terminal sends Ctrl-C to make and to a wrapper too, which may pass it on: one wish, twice told.
ONE_WISH_S = 0.5


class StopRequests:
    """Takes the signals while its block lasts; the first asks to stop, another one to hurry."""

    def __init__(self) -> None:
        self.asked = False
        self.hurried = False
        self._first = 0.0
        # Unlike an Event, it may be put into by a handler that interrupts get().
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

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
