"""Faults of a chaos campaign are those of its plan, and the same for the same seed."""

import random
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from heartzone_testing.chaos.points import Action, Point, Trigger
from heartzone_testing.chaos.schedule import FREEZES, Plan, lives


def drawn(plan: Plan) -> list[list[Trigger]]:
    return list(islice(lives(plan, random.Random(plan.seed)), plan.kills + 2))


@given(st.integers())
def test_each_life_ends_by_a_kill_and_some_have_a_freeze_or_a_fence_before(seed: int) -> None:
    plan = Plan(seed=seed, kills=16, zombies=3, fences=2)
    *faulty, last, later = drawn(plan)
    assert last == later == []
    assert [each[-1].action for each in faulty] == [Action.KILL] * plan.kills
    before = [trigger for life in faulty for trigger in life[:-1]]
    assert [each.action for each in before].count(Action.FREEZE) == plan.zombies
    assert {each.point for each in before if each.action is Action.FREEZE} == set(FREEZES)
    assert [each.action for each in before].count(Action.FENCE) == plan.fences
    assert all(life[0].nth < life[1].nth for life in faulty if len(life) == 2)


@given(st.integers())
def test_workers_are_killed_at_every_point(seed: int) -> None:
    faulty = drawn(Plan(seed=seed, kills=len(Point), zombies=0, fences=0))[: len(Point)]
    assert {life[-1].point for life in faulty} == set(Point)


def test_a_seed_says_everything() -> None:
    assert drawn(Plan(seed=7)) == drawn(Plan(seed=7)) != drawn(Plan(seed=8))
