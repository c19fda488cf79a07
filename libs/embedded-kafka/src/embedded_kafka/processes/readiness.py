"""Waiting until a program responds, or has ended, or has had its time."""

import time
from collections.abc import Callable

POLL_S = 0.02


class NotReadyError(Exception):
    """The program ended (`exit_code`) or the time is over (`exit_code` None); the caller adds the log."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def await_ready(responds: Callable[[], bool], exit_code: Callable[[], int | None], timeout: float) -> None:
    """Poll `responds` until it is true.

    Raises NotReadyError when `exit_code` gives one, or after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not responds():
        if (code := exit_code()) is not None:
            raise NotReadyError(code)
        if time.monotonic() > deadline:
            raise NotReadyError(None)
        time.sleep(POLL_S)
