"""Judgement on a moved offset: by what was committed before, what was set, and what is committed now."""

import pytest

from heartzone_cli.group.outcome import Outcome, judge
from service_chassis.consumer_groups.position import Committed

MOVED = Committed(100, "topic-id=t;set-offset=12:00")


def worker(offset: int) -> Committed:
    return Committed(offset, "topic-id=t")


@pytest.mark.parametrize("before", [None, worker(50), worker(100), worker(200)])
def test_an_offset_that_is_still_committed_stands(before: Committed | None) -> None:
    assert judge(before, MOVED, MOVED) is Outcome.STANDS


@pytest.mark.parametrize("before", [None, worker(50), worker(100), worker(200)])
@pytest.mark.parametrize("now", [None, worker(99)])
def test_an_offset_before_it_is_the_workers_own(before: Committed | None, now: Committed | None) -> None:
    assert judge(before, MOVED, now) is Outcome.OVERWRITTEN


@pytest.mark.parametrize("before", [None, worker(50), worker(99)])
@pytest.mark.parametrize("now", [worker(100), worker(101)])
def test_after_a_move_forward_a_later_offset_comes_of_going_on(before: Committed | None, now: Committed) -> None:
    assert judge(before, MOVED, now) is Outcome.WENT_ON


def test_what_was_committed_before_is_the_workers_own_though_the_offset_be_the_same() -> None:
    assert judge(worker(100), MOVED, worker(100)) is Outcome.OVERWRITTEN


def test_after_a_move_back_an_offset_on_the_way_comes_of_going_on() -> None:
    assert judge(worker(200), MOVED, worker(150)) is Outcome.WENT_ON


@pytest.mark.parametrize("now", [200, 201])
def test_after_a_move_back_the_former_offset_or_a_later_one_is_the_workers_own(now: int) -> None:
    assert judge(worker(200), MOVED, worker(now)) is Outcome.OVERWRITTEN
