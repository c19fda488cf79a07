"""A fault as a generator: each of its steps ends at a ``yield``, and those who look after processes have their turn."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

Steps: TypeAlias = Iterator[None]
TIMEOUT = 240.0  # seconds: of a machine with other work, and a transaction that waits for its timeout


class TooLateError(Exception):
    """What has to happen did not within its time; the text says what."""


def until(condition: Callable[[], object], what: str, timeout: float = TIMEOUT) -> Steps:
    """Yield until the condition holds. Raises TooLateError."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TooLateError(f"not within {timeout:g} s: {what}")
        yield


def pause(seconds: float) -> Steps:
    """Yield for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def in_background(call: Callable[[], object], what: str) -> Steps:
    """Yield until a call has returned that takes its time. Raises TooLateError, and what the call raises."""
    pool = ThreadPoolExecutor(1)
    try:
        done = pool.submit(call)
        yield from until(done.done, what)
        done.result()
    finally:
        pool.shutdown(wait=False)
