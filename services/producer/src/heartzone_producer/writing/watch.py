"""Looks again and again whether something that the service needs is there, and tells when that changes."""

from collections.abc import Callable
from threading import Event, Thread

import structlog

log = structlog.get_logger(__name__)

AWAY_INTERVAL = 1.0
"""Seconds until a look is repeated while something is away: how long recovery goes unnoticed at most."""


class Watch:
    """Runs a check on a thread of its own; ``problem`` is why the last one failed, None when it did not.

    Args:
        name: what is looked for, as logs call it.
        check: returns None when all is well and otherwise one clause for people. It takes as long as it likes.
        interval: seconds between two looks while all is well.
    """

    def __init__(self, name: str, check: Callable[[], str | None], *, interval: float) -> None:
        self.problem: str | None = "it has not been looked for yet"
        self._name = name
        self._check = check
        self._interval = interval
        self._wake = Event()
        self._stopping = False
        self._thread = Thread(target=self._run, name=f"watch-{name}", daemon=True)

    def start(self) -> None:
        """Look for the first time, and then until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End without waiting for a look that is under way."""
        self._stopping = True
        self._wake.set()

    def look_now(self) -> None:
        """Do not wait for the next look; nothing when one is under way."""
        self._wake.set()

    def _run(self) -> None:
        before: str | None = None
        while not self._stopping:
            self._wake.clear()
            found = self._look()
            if found is None and self.problem is not None:
                log.info("found", what=self._name)
            elif found is not None and found != before:
                log.warning("missing", what=self._name, reason=found)
            before = self.problem = found
            self._wake.wait(self._interval if found is None else AWAY_INTERVAL)

    def _look(self) -> str | None:
        try:
            return self._check()
        except Exception as error:
            found = f"the check itself failed ({type(error).__name__}); the log says why"
            if found != self.problem:
                log.exception("look_failed", what=self._name)
            return found
