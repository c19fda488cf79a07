"""Lookups in simulated time: when they are made, and what makes an unknown id certain."""

import math
import random
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone_zone_worker.lookups import Check, CheckOutcome, Lookup, LookupSchedule, LookupState, Task
from heartzone_zone_worker.lookups.pace import CAPACITY, RETRIES_PER_SECOND, URGENT_CAPACITY

TIMEOUT = 10.0


class Registry:
    """What a registry says at a time; the threads that ask it; and what came of it."""

    def __init__(self, *, known: Iterable[int] = (), timeout: float = TIMEOUT, seconds: float = 0.004) -> None:
        self.schedule = LookupSchedule(timeout, jitter=lambda: 1.0)
        self.knows: Callable[[int, float], bool] = lambda schema_id, _now: schema_id in set(known)
        self.whole: Callable[[float], bool] = lambda _now: True
        self.responds: Callable[[int | None, float], bool] = lambda _schema_id, _now: True
        self.usable: Callable[[int], bool] = lambda _schema_id: True
        self.seconds = seconds
        self.now = 0.0
        self.requests: list[tuple[float, int]] = []
        self.checks: list[float] = []
        self.found: dict[int, float] = {}
        self.rejected: dict[int, float] = {}
        self._running: list[tuple[float, int, Task]] = []
        self._count = 0

    def ask(self, *schema_ids: int, urgent: bool = False) -> bool:
        accepted = [self.schedule.ask(each, since=self.now, urgent=urgent) for each in schema_ids]
        return all(accepted)

    def run(self, until: float, threads: int = 8) -> None:
        """Let the threads work until then."""
        while True:
            wake = math.inf
            while len(self._running) < threads:
                task = self.schedule.next(self.now)
                if isinstance(task, float):
                    wake = task
                    break
                self._count += 1
                heappush(self._running, (self.now + self.seconds, self._count, task))
            finished = self._running[0][0] if self._running else math.inf
            if min(wake, finished) > until:
                self.now = until
                return
            self.now = min(wake, finished)
            if finished <= self.now:
                self._finish(heappop(self._running)[2])

    def _finish(self, task: Task) -> None:
        schedule, now = self.schedule, self.now
        if isinstance(task, Check):
            self.checks.append(task.began)
            if not self.responds(None, now):
                schedule.not_whole(task, CheckOutcome.FAILED, now)
            elif not self.whole(now):
                schedule.not_whole(task, CheckOutcome.INCOMPLETE, now)
            else:
                self.rejected |= {verdict.schema_id: now for verdict in schedule.whole(task, now)}
            return
        assert isinstance(task, Lookup)
        self.requests.append((task.began, task.schema_id))
        if not self.responds(task.schema_id, now):
            schedule.failed(task, now)
        elif not self.knows(task.schema_id, now):
            schedule.not_found(task, now)
        elif not self.usable(task.schema_id):
            schedule.unusable(task, "no schema", now)
        else:
            schedule.found(task, now)
            self.found[task.schema_id] = now

    def requests_for(self, schema_id: int) -> list[float]:
        return [began for began, each in self.requests if each == schema_id]


def test_a_known_id_is_looked_up_once_and_at_once() -> None:
    registry = Registry(known=[1])
    registry.ask(1, 1, 1)
    registry.run(60)

    assert registry.found.keys() == {1}
    assert registry.found[1] < 0.1
    assert registry.requests_for(1) == [0.0]


def test_an_unknown_id_is_looked_up_about_once_a_second_and_rejected_after_the_timeout() -> None:
    registry = Registry()
    registry.ask(1)
    registry.run(60)

    assert TIMEOUT <= registry.rejected[1] < TIMEOUT + 0.5
    assert 10 <= len(registry.requests_for(1)) <= 12


@pytest.mark.parametrize("count", [3, 200, 10_000])
def test_many_unknown_ids_take_one_timeout_together_and_what_a_second_lookup_of_each_takes(count: int) -> None:
    registry = Registry()
    registry.ask(*range(count))
    registry.run(120)

    assert len(registry.rejected) == count
    assert max(registry.rejected.values()) <= TIMEOUT + 1 + count * registry.seconds / 8 * 1.2
    retries = RETRIES_PER_SECOND * (TIMEOUT + 1)
    assert len(registry.requests) <= 2 * count + min(retries, 11 * count)


def test_no_id_is_rejected_before_it_was_looked_up_at_the_end_of_its_timeout() -> None:
    registry = Registry()
    for number in range(2_000):
        registry.run(number / 1_000)
        registry.ask(number)
    registry.run(60)

    assert len(registry.rejected) == 2_000
    for number in range(2_000):
        assert max(registry.requests_for(number)) >= number / 1_000 + TIMEOUT


def test_an_id_that_arrives_late_is_found_within_about_a_second() -> None:
    registry = Registry()
    registry.knows = lambda _schema_id, now: now > 7
    registry.ask(1)
    registry.run(60)

    assert registry.rejected == {}
    assert 7 < registry.found[1] < 8.1


def test_without_a_timeout_an_unknown_id_is_rejected_as_soon_as_the_registry_is_known_to_be_whole() -> None:
    registry = Registry(timeout=0)
    registry.ask(1)
    registry.run(60)

    assert registry.rejected[1] < 1


def test_an_unavailable_registry_rejects_nothing_and_is_tried_by_one_task_a_second() -> None:
    registry = Registry()
    registry.responds = lambda _schema_id, _now: False
    registry.ask(*range(1_000))
    registry.run(100)

    assert registry.rejected == {}
    assert len(registry.requests) + len(registry.checks) <= 120
    assert registry.schedule.state_of(999) is LookupState.REGISTRY_UNAVAILABLE


def test_the_timeout_begins_anew_when_a_registry_is_available_again() -> None:
    registry = Registry()
    registry.responds = lambda _schema_id, now: now > 50
    registry.ask(*range(100))
    registry.run(200)

    assert len(registry.rejected) == 100
    assert min(registry.rejected.values()) >= 50 + TIMEOUT
    assert max(registry.rejected.values()) <= 50 + TIMEOUT + 10


def test_known_ids_are_found_soon_after_an_outage() -> None:
    registry = Registry(known=range(100))
    registry.responds = lambda _schema_id, now: now > 50
    registry.ask(*range(100))
    registry.run(200)

    assert len(registry.found) == 100
    assert max(registry.found.values()) <= 52.5


def test_a_registry_that_is_not_whole_rejects_nothing() -> None:
    registry = Registry()
    registry.whole = lambda _now: False
    registry.ask(*range(500))
    registry.run(300)

    assert registry.rejected == {}
    assert registry.schedule.state_of(1) is LookupState.REGISTRY_INCOMPLETE


def test_the_timeout_begins_anew_when_the_registry_is_whole_again() -> None:
    """Its last schemas may come back later than those that the check looks for."""
    registry = Registry()
    registry.whole = lambda now: not 5 < now < 40
    registry.ask(1)
    registry.run(200)

    assert 40 + TIMEOUT <= registry.rejected[1] <= 40 + TIMEOUT + 2


def test_what_a_registry_that_is_not_whole_does_know_is_found_all_the_same() -> None:
    registry = Registry()
    registry.whole = lambda _now: False
    registry.knows = lambda _schema_id, now: now > 20
    registry.ask(1)
    registry.run(60)

    assert 20 < registry.found[1] < 22


def test_a_registry_that_lost_its_schemas_just_before_the_last_lookup_rejects_nothing() -> None:
    registry = Registry()
    registry.whole = lambda now: now < TIMEOUT - 0.5
    registry.ask(1)
    registry.run(60)

    assert registry.rejected == {}


def test_each_rejection_follows_a_check_that_began_after_the_last_lookup() -> None:
    registry = Registry()
    registry.ask(*range(300))
    registry.run(60)

    for schema_id, rejected_at in registry.rejected.items():
        last = max(registry.requests_for(schema_id)) + registry.seconds
        assert any(last <= began <= rejected_at for began in registry.checks)


def test_one_check_is_for_all_ids_that_wait_for_it() -> None:
    registry = Registry()
    registry.ask(*range(10_000))
    registry.run(60)

    assert len(registry.checks) < 120


def test_a_schema_that_cannot_be_used_is_rejected_without_a_timeout_but_not_by_a_registry_that_is_not_whole() -> None:
    registry = Registry(known=[1])
    registry.usable = lambda _schema_id: False
    registry.whole = lambda now: now > 30
    registry.ask(1)
    registry.run(60)

    assert 30 < registry.rejected[1] < 33


def test_one_id_that_always_fails_holds_no_other() -> None:
    registry = Registry(known=range(1, 100))
    registry.responds = lambda schema_id, _now: schema_id != 0
    registry.ask(*range(101))
    registry.run(60)

    assert registry.found.keys() == set(range(1, 100))
    assert registry.rejected.keys() == {100}
    assert registry.rejected[100] < 2 * TIMEOUT
    assert len(registry.requests_for(0)) <= 60 / 5 + 6


def test_ids_are_rejected_in_the_order_in_which_they_were_asked_for_so_that_a_partition_goes_on_step_by_step() -> None:
    registry = Registry(seconds=0.1)
    registry.ask(*range(10_000))
    registry.run(TIMEOUT + 20)

    first = sorted(registry.rejected)
    assert first[:100] == list(range(100))
    assert first[-1] < len(first) + RETRIES_PER_SECOND * TIMEOUT


def test_a_busy_registry_that_does_not_respond_now_and_then_prolongs_nothing_much() -> None:
    registry = Registry()
    chance = random.Random(1)
    registry.responds = lambda _schema_id, _now: chance.random() > 0.2
    registry.ask(*range(300))
    registry.run(100)

    assert len(registry.rejected) == 300
    assert max(registry.rejected.values()) <= 3 * TIMEOUT


def test_checks_that_fail_for_long_keep_no_id_from_being_found() -> None:
    registry = Registry()
    registry.responds = lambda schema_id, _now: schema_id is not None
    registry.knows = lambda _schema_id, now: now > 30
    registry.ask(1)
    registry.run(100)

    assert 30 < registry.found[1] < 33


def test_an_id_that_fails_at_the_end_of_its_timeout_is_not_looked_up_without_pause() -> None:
    registry = Registry(known=[2])
    registry.responds = lambda schema_id, now: schema_id != 1 or now < 9
    registry.ask(1)
    for second in range(60):
        registry.run(second)
        registry.schedule.ask(2, since=second)

    assert len([began for began in registry.requests_for(1) if began > 9]) <= 60 / 5 + 6


def test_an_urgent_id_is_looked_up_before_ten_thousand_others() -> None:
    registry = Registry(known=[20_000])
    registry.ask(*range(10_000))
    registry.run(1)
    registry.ask(20_000, urgent=True)
    registry.run(60)

    assert registry.found[20_000] < 1.1


def test_an_id_that_was_asked_for_ahead_becomes_urgent() -> None:
    registry = Registry(known=[9_999])
    registry.ask(*range(10_000))
    registry.ask(9_999, urgent=True)
    registry.run(60)

    assert registry.found[9_999] < 0.1
    assert len(registry.requests_for(9_999)) == 1


def test_the_number_of_ids_is_bounded_with_room_for_urgent_ones() -> None:
    registry = Registry()

    assert registry.ask(*range(CAPACITY))
    assert not registry.ask(CAPACITY)
    assert registry.ask(*range(CAPACITY, URGENT_CAPACITY), urgent=True)
    assert not registry.ask(URGENT_CAPACITY, urgent=True)
    assert len(registry.schedule) == URGENT_CAPACITY


def test_an_id_that_has_waited_before_is_decided_at_once() -> None:
    registry = Registry()
    registry.run(100)
    registry.schedule.ask(1, since=100 - TIMEOUT)
    registry.run(200)

    assert registry.rejected[1] < 101


def test_an_idle_schedule_checks_the_registry_seldom() -> None:
    registry = Registry()
    registry.run(1_000)

    assert 90 <= len(registry.checks) <= 110


@given(
    st.lists(st.tuples(st.floats(0, 40), st.integers(0, 30)), min_size=1, max_size=60),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0, 20)), max_size=3),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0, 20)), max_size=3),
    st.sets(st.integers(0, 30)),
)
def test_whatever_the_registry_does_every_id_is_decided_in_the_end_and_none_that_it_has_is_rejected(
    asked: list[tuple[float, int]],
    outages: list[tuple[float, float]],
    losses: list[tuple[float, float]],
    known: set[int],
) -> None:
    """A loss empties the registry: it knows nothing while it lasts, and the check sees that."""

    def within(periods: list[tuple[float, float]], now: float) -> bool:
        return any(start <= now < start + length for start, length in periods)

    registry = Registry()
    registry.responds = lambda _schema_id, now: not within(outages, now)
    registry.whole = lambda now: not within(losses, now)
    registry.knows = lambda schema_id, now: schema_id in known and not within(losses, now)
    for at, schema_id in sorted(asked):
        registry.run(at)
        registry.ask(schema_id)
    registry.run(200)

    wanted = {schema_id for _at, schema_id in asked}
    assert registry.found.keys() == wanted & known
    assert registry.rejected.keys() == wanted - known
    assert len(registry.schedule) == 0
