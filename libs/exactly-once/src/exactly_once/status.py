"""The state of a worker, and why it is not processing."""

from enum import Enum

from exactly_once.core.reasons import WaitReason
from exactly_once.observer import Observer


class State(Enum):
    """State of a worker; docs/states.md shows the transitions."""

    STARTING = "starting"
    """Until the first wait, committed transaction or fetch without records."""
    RUNNING = "running"
    """Fetching and processing."""
    WAITING = "waiting"
    """Something is unavailable, and is tried again."""
    STOPPED = "stopped"
    """``run()`` has ended."""


class Status:
    """State and reason; notifies the observer when a worker begins to wait, or waits for something else."""

    def __init__(self, observer: Observer) -> None:
        self.state = State.STARTING
        self.reason: str = WaitReason.CONNECTING
        self._observer = observer

    def running(self) -> None:
        """Records are processed, or there are none."""
        self.state = State.RUNNING

    def waiting(self, reason: str) -> None:
        """Something is unavailable."""
        if (self.state, self.reason) != (State.WAITING, reason):
            self._observer.waiting(reason)
        self.state, self.reason = State.WAITING, reason

    def stopped(self) -> None:
        """The worker has ended."""
        self.state, self.reason = State.STOPPED, WaitReason.STOPPED
