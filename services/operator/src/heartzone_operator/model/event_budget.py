"""Budget of events: how many of one resource are created, as client-go's EventSourceObjectSpamFilter limits them."""

from typing import NamedTuple

BURST = 25
REFILL_INTERVAL = 300.0  # seconds until another may be created
_MAX_RESOURCES = 4_096


class _Tokens(NamedTuple):
    left: float
    since: float


class EventBudget:
    """Counts apart for each resource and type, so that many changes do not hide a warning.

    Times are those of one monotonic clock, in seconds, which the caller reads.
    """

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], _Tokens] = {}

    def allows(self, uid: str, event_type: str, now: float) -> bool:
        """Return whether one more may be created, and count it."""
        key = (uid, event_type)
        left, since = self._tokens.pop(key, _Tokens(BURST, now))
        left = min(BURST, left + (now - since) / REFILL_INTERVAL)
        is_allowed = left >= 1
        self._tokens[key] = _Tokens(left - 1 if is_allowed else left, now)
        if len(self._tokens) > _MAX_RESOURCES:  # the one that was not used for longest
            del self._tokens[next(iter(self._tokens))]
        return is_allowed
