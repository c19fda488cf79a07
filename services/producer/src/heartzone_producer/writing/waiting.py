"""The records that a producer holds, and the requests that wait for them: since when, and how each wait ends."""

import asyncio
from typing import TypeAlias

from heartzone_producer.metrics import WriterMetrics
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import NOT_IN_TIME, NotAcknowledgedError, UnavailableError

Acknowledgement: TypeAlias = asyncio.Future[None]


class WaitingRecords:
    """Oldest first. A request may end before its record does. Belongs to the event loop's thread."""

    def __init__(self, metrics: WriterMetrics) -> None:
        self._requests: dict[Acknowledgement, float] = {}
        self._records: dict[Acknowledgement, float] = {}
        self._metrics = metrics

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._requests)

    def add(self, acknowledgement: Acknowledgement, now: float) -> None:
        """A request begins to wait for its record."""
        self._requests[acknowledgement] = self._records[acknowledgement] = now
        self._metrics.in_flight += 1

    def age(self, now: float) -> float:
        """Seconds for which the oldest request has waited; 0 when none waits."""
        return now - next(iter(self._requests.values()), now)

    def end(self, acknowledgement: Acknowledgement, error: NotAcknowledgedError | None, now: float) -> bool:
        """Tell a request the outcome of its record; False when it no longer waits for it."""
        if self._records.pop(acknowledgement, None) is not None:
            self._metrics.in_flight -= 1
        since = self._requests.pop(acknowledgement, None)
        if since is None or acknowledgement.done():
            return False  # its request ended with 503, or its client is gone
        if error is None:
            acknowledgement.set_result(None)
            self._metrics.acknowledged(now - since)
        else:
            acknowledgement.set_exception(error)
        return True

    def end_overdue(self, timeout: float, now: float) -> None:
        """End the requests that wait for longer than that, however their records end."""
        while self._requests and self.age(now) >= timeout:
            acknowledgement = next(iter(self._requests))
            del self._requests[acknowledgement]
            if not acknowledgement.done():
                acknowledgement.set_exception(
                    UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, NOT_IN_TIME)
                )

    def forget(self, age: float, now: float) -> bool:
        """Forget the records that are older than that; False when there were none."""
        old = [acknowledgement for acknowledgement, since in self._records.items() if now - since >= age]
        for acknowledgement in old:
            del self._records[acknowledgement]
        self._metrics.in_flight -= len(old)
        return bool(old)

    def oldest_record(self, now: float) -> float:
        """Seconds since the oldest record was handed over that has had no outcome; 0 when there is none."""
        return now - next(iter(self._records.values()), now)
