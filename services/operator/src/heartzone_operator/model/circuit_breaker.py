"""Circuit breaker of one side: no requests while it is unavailable, then one retry for all who wait."""

import random
from collections.abc import Callable

from event_topics.model import Failure


class CircuitBreaker:
    """Open after a transient failure until the time of the retry; each further failure doubles the interval.

    Args:
        side: its name in messages.
        initial_interval: seconds until the first retry.
        max_interval: seconds between retries at most.
        chance: returns a number from 0 to 1, which spreads the retries of several operators.
    """

    def __init__(
        self,
        side: str,
        *,
        initial_interval: float = 1.0,
        max_interval: float = 15.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.side = side
        self._initial_interval = initial_interval
        self._max_interval = max_interval
        self._chance = chance
        self._failures = 0
        self._failure: Failure | None = None
        self.retry_at = 0.0

    @property
    def failure(self) -> Failure | None:
        """Failure of the outage; None when the side responded to the last request."""
        return self._failure

    def open_with(self, now: float) -> Failure | None:
        """Return the failure that replaces a request while the circuit is open; None when a request may be made."""
        return self._failure if now < self.retry_at else None

    def failed(self, failure: Failure, now: float) -> Failure:
        """Record a transient failure; return the one to report, whose message stays the same during the outage."""
        if self._failure is None or self._failure.reason != failure.reason:
            self._failure = failure
        wait = min(self._max_interval, self._initial_interval * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self.retry_at = now + wait * (0.5 + self._chance() / 2)
        return self._failure

    def succeeded(self) -> bool:
        """Record a response; return whether that ends an outage."""
        recovered = self._failure is not None
        self._failure, self._failures, self.retry_at = None, 0, 0.0
        return recovered
