"""Commits of unknown outcome: a request to end a transaction, or its response, comes too late or never."""

import random
import threading
from collections.abc import Sequence

from heartzone_testing.brokers.frame_proxy import END_TXN, FrameProxy

REACHED_WITHIN = 5.0  # seconds; commits are many a second


class CommitHolder:
    """Holds one after the other, at one of the proxies, until there were so many.

    Each for ``held`` seconds: longer than a worker waits for its commit.
    """

    def __init__(self, proxies: Sequence[FrameProxy], seed: int, wanted: int, held: float) -> None:
        self._proxies = proxies
        self._seed = seed
        self._wanted = wanted
        self._held = held
        self._stop = threading.Event()
        self.held = 0

    @property
    def is_done(self) -> bool:
        """Whether there were enough."""
        return self.held >= self._wanted

    def stop(self) -> None:
        """End."""
        self._stop.set()

    def run(self) -> None:
        """Hold them."""
        source = random.Random(self._seed)
        while not self.is_done and not self._stop.is_set():
            hold = source.choice(self._proxies).hold_next(END_TXN, response=source.random() < 0.5)
            # A worker that is killed takes the connection along on which a response was to be held; and not every
            # broker coordinates somebody's transactions.
            if not hold.reached.wait(REACHED_WITHIN):
                hold.release()
                continue
            self._stop.wait(self._held)
            if source.random() < 0.5:
                hold.release()
            else:
                hold.cut()
            self.held += 1
