"""Producers that failed in a row: how long to wait before the next one, and when to give up."""

from exactly_once.core.batching import backoff
from exactly_once.core.error_reactions import is_fencing
from exactly_once.core.reasons import RebuildCause, RebuildReason
from exactly_once.errors import FatalClientError, FencedError

# Seconds for which a producer lives that is no part of a row.
GOOD_LIFE = 60.0


class ProducerFailures:
    """The failures of one replica's producers. A row ends with a producer that has lived for a minute.

    Each producer of a row waits longer than the one before, so that a row takes time (21 s for ten): a broker that
    gives the same wrong response for some seconds ends no worker. A live twin, which fences each of ours whenever it
    comes to it, does. Timeouts are waited out like everything that is unavailable, and count for nothing but the wait.
    """

    def __init__(self, maximum: float, transactional_id: str) -> None:
        self._maximum = maximum
        self._transactional_id = transactional_id
        self._failed_at: float | None = None
        self._row = 0
        self._errors: list[RebuildCause] = []
        self._fenced = True

    def add(self, cause: RebuildCause, now: float, *, claimed: bool = True) -> float:
        """Count a failure at this moment, by a monotonic clock; return the seconds to wait before the next try.

        Args:
            cause: why the producer failed.
            now: seconds.
            claimed: whether it had claimed the transactional id. A claim itself can be fenced by nobody: it always
                raises the epoch, so that an error of that name is the brokers' own.

        Raises:
            FencedError: producer after producer was fenced after its claim.
            FatalClientError: producer after producer failed.
        """
        if self._failed_at is None or now - self._failed_at > GOOD_LIFE:
            self._row = 0
            self._errors.clear()
            self._fenced = True
        self._failed_at = now
        self._row += 1
        if not isinstance(cause, RebuildReason):
            self._errors.append(cause)
            self._fenced = self._fenced and claimed and is_fencing(cause)
            if len(self._errors) > self._maximum:
                raise self._give_up()
        return backoff(self._row - 2) if self._row > 1 else 0.0

    def _give_up(self) -> FencedError | FatalClientError:
        count, last = len(self._errors), self._errors[-1]
        if self._fenced:
            return FencedError(
                f"fenced {count} times in a row, with waits in between: another process uses transactional id"
                f" {self._transactional_id}; give each replica its own"
            )
        return FatalClientError(f"the producer failed {count} times in a row, last with {last}")
