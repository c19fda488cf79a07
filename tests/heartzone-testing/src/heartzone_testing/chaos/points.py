"""Named points in the life of a worker's process, and what happens to it there."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct


class Point(StrEnum):
    """Where a process is. Each but the last two is inside a transaction."""

    BEGUN = "begun"
    """Before the first record is processed."""
    PRODUCED = "produced"
    """Its records are at the broker, its offsets not yet in the transaction."""
    OFFSETS_SENT = "offsets_sent"
    COMMITTING = "committing"
    """The request that ends the transaction is being sent, or is sent and not responded to."""
    COMMITTED = "committed"
    """The response is there, and the worker does not know it yet."""
    ASSIGNED = "assigned"
    REVOKED = "revoked"
    """In the callback of a rebalance."""


class Action(StrEnum):
    """What happens at a point."""

    KILL = "kill"
    FREEZE = "freeze"
    """SIGSTOP, until somebody sends SIGCONT: a zombie, once its partitions are somebody else's."""
    FENCE = "fence"
    """Another producer claims the transactional id, and ends."""
    STALL = "stall"
    """The thread of the worker stands still, its heartbeats go on: longer than the group and its transaction wait."""


class Trigger(Struct, frozen=True):
    """An action when a point is reached for the ``nth`` time, ``delay`` seconds later while the process goes on."""

    point: Point
    action: Action
    nth: int = 1
    delay: float = 0.0


class Points:
    """Counts how often each point was reached, and does what is due there.

    ``fence`` claims the process's transactional id; a stall takes ``stall`` seconds.
    """

    def __init__(self, triggers: list[Trigger], fence: Callable[[], None], stall: float) -> None:
        self._triggers = triggers
        self._fence = fence
        self._stall = stall
        self._reached: Counter[Point] = Counter()

    def reach(self, point: Point) -> None:
        """The process is there."""
        self._reached[point] += 1
        due = [each for each in self._triggers if (each.point, each.nth) == (point, self._reached[point])]
        for trigger in due:
            if trigger.delay:
                timer = threading.Timer(trigger.delay, self._act, [trigger.action])
                timer.daemon = True
                timer.start()
            else:
                self._act(trigger.action)

    def _act(self, action: Action) -> None:
        match action:
            case Action.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Action.FREEZE:
                os.kill(os.getpid(), signal.SIGSTOP)
            case Action.FENCE:
                self._fence()
            case Action.STALL:
                time.sleep(self._stall)
