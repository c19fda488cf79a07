"""Patience with one side that is away: nobody asks it in vain, and all who wait ask again together. No I/O."""

import random
from collections.abc import Callable

from event_topics.failures import Failure


class Circuit:
    """Open after a transient failure until its time has come; each further failure doubles the time.

    Args:
        side: what messages call it.
        first: seconds until the first retry.
        longest: seconds between retries at most.
        chance: a number from 0 to 1; spreads the retries of several operators.
    """

    def __init__(
        self,
        side: str,
        *,
        first: float = 1.0,
        longest: float = 15.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.side = side
        self._first = first
        self._longest = longest
        self._chance = chance
        self._failures = 0
        self._failure: Failure | None = None
        self.retry_at = 0.0

    @property
    def failure(self) -> Failure | None:
        """Why the side counts as away; None when it answered last."""
        return self._failure

    def refusal(self, now: float) -> Failure | None:
        """Return what to say instead of asking; None when it is time to ask."""
        return self._failure if now < self.retry_at else None

    def failed(self, failure: Failure, now: float) -> Failure:
        """Note a transient failure; return the one to tell, whose words stay the same while the outage lasts."""
        if self._failure is None or self._failure.reason != failure.reason:
            self._failure = failure
        wait = min(self._longest, self._first * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self.retry_at = now + wait * (0.5 + self._chance() / 2)
        return self._failure

    def succeeded(self) -> bool:
        """Note an answer; return whether that ends an outage."""
        healed = self._failure is not None
        self._failure, self._failures, self.retry_at = None, 0, 0.0
        return healed
