"""Check at intervals that something the service needs is available, and log when that changes."""

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

RETRY_INTERVAL = 1.0
"""Seconds until a check that failed is repeated: how long recovery goes unnoticed at most."""


class Watch:
    """Runs a check on a thread of its own; ``problem`` is why the last one failed, None when it did not.

    Args:
        name: what is checked, as logs call it.
        check: returns None when all is well and otherwise one clause for people. It takes as long as it likes.
        interval: seconds between two checks while all is well.
    """

    def __init__(self, name: str, check: Callable[[], str | None], *, interval: float) -> None:
        self.problem: str | None = "it has not been checked yet"
        self.passed_at = float("-inf")
        """When a check last passed, by the monotonic clock."""
        self._name = name
        self._check = check
        self._interval = interval
        self._wake = Event()
        self._stopping = False
        self._thread = Thread(target=self._run, name=f"watch-{name}", daemon=True)

    def start(self) -> None:
        """Check for the first time, and then until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End without waiting for a check that is under way."""
        self._stopping = True
        self._wake.set()

    def check_now(self) -> None:
        """Do not wait for the next check; nothing happens when one is under way."""
        self._wake.set()

    def _run(self) -> None:
        before: str | None = None
        while not self._stopping:
            self._wake.clear()
            problem = self._problem_now()
            if problem is None:
                self.passed_at = monotonic()
            if problem is None and self.problem is not None:
                log.info("check_passed", check=self._name)
            elif problem is not None and problem != before:
                log.warning("check_failed", check=self._name, reason=problem)
            before = self.problem = problem
            self._wake.wait(self._interval if problem is None else RETRY_INTERVAL)

    def _problem_now(self) -> str | None:
        try:
            return self._check()
        except Exception as error:
            problem = f"the check itself failed ({type(error).__name__}); the log says why"
            if problem != self.problem:
                log.exception("check_crashed", check=self._name)
            return problem
