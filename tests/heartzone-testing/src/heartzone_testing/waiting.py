"""Waiting for a condition instead of for a while."""

import threading
import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], what: str, timeout: float = 60.0, *, every: float = 0.02) -> None:
    """Return as soon as the condition holds; fail with ``what`` when it does not within ``timeout`` seconds.

    The condition is evaluated ``every`` so many seconds: seldom, where that is expensive.
    """
    deadline = time.monotonic() + timeout
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        tick.wait(every)
