"""Bounds of a transaction and of the wait before a retry: pure arithmetic, testable without a broker."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchLimits:
    """Bounds of one transaction: whichever is met first ends it.

    ``max_bytes`` counts values, keys and headers of input and output records, ``max_age`` is in seconds.

    A transaction costs some milliseconds whatever it holds, so many records make it cheap; ``max_age``
    keeps it well within the broker's transaction timeout when the transform is slow.
    """

    max_records: int = 10_000
    max_bytes: int = 16 * 1024 * 1024
    max_age: float = 1.0

    def __post_init__(self) -> None:
        if self.max_records < 1:
            raise ValueError(f"max_records is {self.max_records}; a transaction holds at least 1 record")
        if self.max_bytes < 1:
            raise ValueError(f"max_bytes is {self.max_bytes}; a transaction holds at least 1 byte")
        if self.max_age <= 0:
            raise ValueError(f"max_age is {self.max_age}; give a number of seconds above 0")

    def reached(self, *, records: int, size: int, age: float) -> bool:
        """Return True when a transaction of so many records, bytes and seconds takes no further record."""
        return records >= self.max_records or size >= self.max_bytes or age >= self.max_age


def backoff(attempt: int, *, first: float = 0.1, maximum: float = 5.0) -> float:
    """Seconds to wait before the attempt of this number (0 is the first retry): doubling, bounded."""
    return float(min(maximum, first * 2 ** min(attempt, 30)))
