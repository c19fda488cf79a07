"""Fixed windows of the library ``limits``, over counters of requests in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from time import time

from limits import RateLimitItem
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

MAX_COUNTERS = 50_000
"""Senders that are counted at a time: about 15 MB."""


class RateCounters(Storage):
    """Counts in memory, for fixed windows. The sender that has sent nothing for longest is forgotten for a new one.

    The library's own storage in memory has no bound, so that whoever sends from many addresses would fill it. What is
    forgotten begins anew, which helps nobody who is over a limit: such a one sends, and so is not the oldest. It is for
    the event loop's thread alone.
    """

    STORAGE_SCHEME = None

    def __init__(self, max_counters: int = MAX_COUNTERS, *, clock: Callable[[], float] = time) -> None:
        super().__init__()
        self._max_counters = max_counters
        self._clock = clock
        # Count and end of the window, the oldest first. In a plain dictionary the search for the oldest passes over all
        # that were removed before it.
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """Errors of the storage, of which there are none."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a new window where the last one has ended."""
        now = self._clock()
        count, end = self._counters.pop(key, (0, 0.0))
        if end <= now:
            count, end = 0, now + expiry
            if len(self._counters) >= self._max_counters:
                self._counters.popitem(last=False)
        self._counters[key] = (count + amount, end)
        return count + amount

    def get(self, key: str) -> int:
        """The count of the window that has not ended."""
        count, end = self._counters.get(key, (0, 0.0))
        return count if end > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._counters.get(key, (0, self._clock()))[1]

    def check(self) -> bool:
        """Whether the storage is available."""
        return True

    def reset(self) -> int:
        """Forget everybody."""
        count = len(self._counters)
        self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one."""
        self._counters.pop(key, None)


class FixedWindows(FixedWindowRateLimiter):
    """The library's strategy, which counts and reads what is left in one step: it makes the key each time."""

    def count(self, item: RateLimitItem, *identifiers: str) -> tuple[int, float]:
        """Count a request; returns how many of its window there are now, and when that ends, in seconds since 1970."""
        key, seconds = item.key_for(*identifiers), item.get_expiry()
        return self.storage.incr(key, seconds), self.storage.get_expiry(key)
