"""The schedule of lookups of schema ids, and the moment at which an id that the registry does not know is not found.

Pure: threads take the next task, carry it out, and report its outcome. All ids wait at the same time, so many unknown
ones take hardly longer than one. An id is *not found* only when the registry did not know it after the whole timeout,
and was available and whole for all of it, as checks before and after the last lookup say.
"""

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from heartzone_zone_worker.lookups.pace import (
    CAPACITY,
    CHECK_INTERVAL,
    CHECK_SPACING,
    IDLE_CHECK_INTERVAL,
    MAX_FAILURES,
    MAX_GAP,
    MAX_RETRY_INTERVAL,
    MIN_OUTAGE,
    RETRIES_PER_SECOND,
    RETRY_INTERVAL,
    URGENT_CAPACITY,
)
from heartzone_zone_worker.lookups.tasks import Check, CheckOutcome, Lookup, LookupState, Task, Verdict


@dataclass(slots=True)
class _Asked:
    order: int
    """What was asked for first is looked up first."""
    since: float
    """Since when the id is wanted, and its lookups did not fail for long."""
    turn: int
    """Changes whenever a lookup begins; what was queued in earlier turns is void."""
    queued: bool = True
    urgent: bool = False
    unknown: bool = False
    failures: int = 0
    failing_since: float = 0.0


@dataclass(slots=True)
class _Queue:
    """Ids by the time at which they are due."""

    entries: list[tuple[float, int, int, int]] = field(default_factory=list)
    order: "itertools.count[int]" = field(default_factory=itertools.count)

    def push(self, due: float, schema_id: int, turn: int) -> None:
        heappush(self.entries, (due, next(self.order), schema_id, turn))


class LookupSchedule:
    """Not for several threads at once: whoever shares it holds a lock.

    Args:
        timeout: seconds for which an id that the registry does not know is looked up again.
        jitter: gives a factor around 1.
    """

    def __init__(self, timeout: float, *, jitter: Callable[[], float] = lambda: random.uniform(0.75, 1.25)) -> None:  # noqa: S311
        self.outcome = CheckOutcome.WHOLE
        self._timeout = timeout
        self._jitter = jitter
        self._asked: dict[int, _Asked] = {}
        self._turns = itertools.count()
        self._orders = itertools.count()
        self._firm = _Queue()
        """First lookups, and those after the timeout: what is due moves to the ready ones."""
        self._ready: list[tuple[int, int, int]] = []
        """By the order in which they were asked for, urgent ones first, so that partitions go on step by step."""
        self._retries = _Queue()
        self._next_retry_at = -math.inf
        self._unconfirmed: list[tuple[Lookup, str | None]] = []
        self._unknown: set[int] = set()
        self._checking = False
        self._checked_at = -math.inf
        self._whole_since: float | None = None
        self._whole_at = -math.inf
        self._failures = 0
        self._responded_at = -math.inf
        self._recovered_at = -math.inf
        self._next_trial_at = -math.inf
        self._tasks = 0

    def __len__(self) -> int:
        return len(self._asked)

    def ask(self, schema_id: int, *, since: float, urgent: bool = False) -> bool:
        """Have an id looked up, once however often it is asked for; False when too many are already.

        Urgent ones come before the others. The timeout runs since the time given.
        """
        asked = self._asked.get(schema_id)
        if asked is None:
            if len(self._asked) >= (URGENT_CAPACITY if urgent else CAPACITY):
                return False
            asked = self._asked[schema_id] = _Asked(next(self._orders), since, next(self._turns), urgent=urgent)
        elif not urgent or asked.urgent or asked.unknown or asked.failures or not asked.queued:
            return True
        asked.urgent = urgent
        self._get_ready(schema_id, asked)
        return True

    def next(self, now: float) -> Task | float:
        """The task to begin now, or the time at which there may be one (infinite: once something else has changed)."""
        if self._failures >= MAX_FAILURES:
            if self._tasks:
                return math.inf
            if now < self._next_trial_at:
                return self._next_trial_at
        check_at = math.inf if self._checking else self._checked_at + self._check_interval()
        if check_at <= now:
            self._checking = True
            check = Check(now, tuple(self._unconfirmed))
            self._unconfirmed.clear()
            self._tasks += 1
            return check
        while (firm_at := self._due(self._firm)) <= now:
            schema_id = heappop(self._firm.entries)[2]
            self._get_ready(schema_id, self._asked[schema_id])
        while self._ready:
            _order, schema_id, turn = heappop(self._ready)
            if self._is_current(schema_id, turn):
                return self._begin(schema_id, now)
        retry_at = max(self._due(self._retries), self._next_retry_at)
        if retry_at <= now:
            self._next_retry_at = now + 1 / RETRIES_PER_SECOND
            return self._begin(heappop(self._retries.entries)[2], now)
        return min(check_at, firm_at, retry_at)

    def state_of(self, schema_id: int) -> LookupState:
        """State of an id that has no result yet."""
        asked = self._asked.get(schema_id)
        if asked is not None and asked.failures:
            return LookupState.REGISTRY_UNAVAILABLE
        if asked is not None and asked.unknown:
            return {
                CheckOutcome.WHOLE: LookupState.NOT_FOUND_YET,
                CheckOutcome.INCOMPLETE: LookupState.REGISTRY_INCOMPLETE,
                CheckOutcome.FAILED: LookupState.REGISTRY_UNAVAILABLE,
            }[self.outcome]
        return LookupState.REGISTRY_UNAVAILABLE if self._failures >= MAX_FAILURES else LookupState.PENDING

    def found(self, lookup: Lookup, now: float) -> None:
        """The id has a result."""
        self._responded(now)
        self._forget(lookup.schema_id)

    def not_found(self, lookup: Lookup, now: float) -> None:
        """The registry says that it does not know the id."""
        asked = self._doubtful(lookup.schema_id, now)
        if self._whole_since is None or lookup.began >= self._end(asked, self._whole_since):
            self._unconfirmed.append((lookup, None))
        else:
            self._retry(lookup.schema_id, asked, now, RETRY_INTERVAL)

    def unusable(self, lookup: Lookup, why: str, now: float) -> None:
        """The registry gives a schema that cannot be used; a registry that is not whole may give anything."""
        self._doubtful(lookup.schema_id, now)
        self._unconfirmed.append((lookup, why))

    def failed(self, lookup: Lookup, now: float) -> None:
        """The lookup had no outcome."""
        self._failed(now)
        asked = self._asked[lookup.schema_id]
        if asked.failures == 0:
            asked.failing_since = now
        elif now - asked.failing_since > MIN_OUTAGE:
            asked.since = now
        asked.failures += 1
        # Longer and longer where only this id fails; where all do, only one of them is tried at a time.
        alone = self._failures < MAX_FAILURES
        interval = RETRY_INTERVAL * 2 ** min(asked.failures - 1, 3) if alone else RETRY_INTERVAL
        self._retry(lookup.schema_id, asked, now, min(interval, MAX_RETRY_INTERVAL))

    def whole(self, check: Check, now: float) -> list[Verdict]:
        """The registry is whole; returns what that makes certain."""
        self._responded(now)
        whole_before = self._whole_since is not None and check.began - self._whole_at <= MAX_GAP
        self._checked(CheckOutcome.WHOLE, now)
        self._whole_at = now
        if not whole_before:
            self._whole_since = now
            for schema_id in self._unknown:
                asked = self._asked[schema_id]
                if asked.queued:
                    self._firm.push(self._end(asked, now), schema_id, asked.turn)
        assert self._whole_since is not None
        verdicts = []
        for lookup, unusable in check.lookups:
            asked = self._asked[lookup.schema_id]
            if unusable is None and lookup.began < self._end(asked, self._whole_since):
                self._retry(lookup.schema_id, asked, now, RETRY_INTERVAL)
            else:
                self._forget(lookup.schema_id)
                verdicts.append(Verdict(lookup.schema_id, unusable))
        return verdicts

    def not_whole(self, check: Check, outcome: CheckOutcome, now: float) -> None:
        """The registry is incomplete, or the check failed: nothing is certain."""
        self._checked(outcome, now)
        if outcome is CheckOutcome.FAILED:
            self._failed(now)
            if now - self._whole_at <= MAX_GAP:
                self._unconfirmed += check.lookups
                return
        else:
            self._responded(now)
        self._whole_since = None
        for lookup, _unusable in check.lookups:
            self._retry(lookup.schema_id, self._asked[lookup.schema_id], now, RETRY_INTERVAL)

    def _doubtful(self, schema_id: int, now: float) -> _Asked:
        self._responded(now)
        asked = self._asked[schema_id]
        asked.failures, asked.unknown = 0, True
        self._unknown.add(schema_id)
        return asked

    def _begin(self, schema_id: int, now: float) -> Lookup:
        asked = self._asked[schema_id]
        asked.turn, asked.queued = next(self._turns), False
        self._tasks += 1
        return Lookup(schema_id, now)

    def _retry(self, schema_id: int, asked: _Asked, now: float, interval: float) -> None:
        asked.queued = True
        self._retries.push(now + interval * self._jitter(), schema_id, asked.turn)
        if asked.unknown and not asked.failures and self._whole_since is not None:
            self._firm.push(max(now, self._end(asked, self._whole_since)), schema_id, asked.turn)

    def _end(self, asked: _Asked, whole_since: float) -> float:
        return max(asked.since, self._recovered_at, whole_since) + self._timeout

    def _due(self, queue: _Queue) -> float:
        entries = queue.entries
        while entries:
            due, _order, schema_id, turn = entries[0]
            if self._is_current(schema_id, turn):
                return due
            heappop(entries)
        return math.inf

    def _get_ready(self, schema_id: int, asked: _Asked) -> None:
        heappush(self._ready, (-1 if asked.urgent else asked.order, schema_id, asked.turn))

    def _is_current(self, schema_id: int, turn: int) -> bool:
        asked = self._asked.get(schema_id)
        return asked is not None and asked.queued and asked.turn == turn

    def _check_interval(self) -> float:
        if self.outcome is not CheckOutcome.WHOLE:
            return CHECK_INTERVAL
        if self._unconfirmed:
            return CHECK_SPACING
        return CHECK_INTERVAL if self._unknown else IDLE_CHECK_INTERVAL

    def _checked(self, outcome: CheckOutcome, now: float) -> None:
        self.outcome, self._checking, self._checked_at = outcome, False, now

    def _responded(self, now: float) -> None:
        self._tasks -= 1
        if self._failures >= MAX_FAILURES:
            if now - self._responded_at > MIN_OUTAGE:
                self._recovered_at = now
            for schema_id, asked in self._asked.items():
                if asked.failures and asked.queued:
                    self._retries.push(now, schema_id, asked.turn)
        self._failures, self._responded_at = 0, now

    def _failed(self, now: float) -> None:
        self._tasks -= 1
        self._failures += 1
        self._next_trial_at = now + RETRY_INTERVAL * self._jitter()

    def _forget(self, schema_id: int) -> None:
        del self._asked[schema_id]
        self._unknown.discard(schema_id)
