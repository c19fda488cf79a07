"""The faults of a campaign, drawn from its seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from heartzone_testing.chaos.faults import BrokerFault, GroupFault
from heartzone_testing.chaos.points import Action, Point, Trigger

REBALANCES = (Point.ASSIGNED, Point.REVOKED)

FREEZES = (Point.PRODUCED, Point.OFFSETS_SENT, Point.COMMITTING)
"""Where a zombie is made: what it does first when it goes on differs."""
MAX_NTH = 12
"""Transactions that a life has at most before something happens to it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one campaign consists of."""

    seed: int
    protocol: str = "classic"
    """Of the group: classic or consumer (KIP-848)."""
    records: int = 50_000
    rate: int = 1_000
    """Of records a second, while there are faults."""
    kills: int = 15
    zombies: int = 3
    fences: int = 2
    ambiguous_commits: int = 5
    stalls: int = 0
    brokers: int = 1
    faults: tuple[BrokerFault | GroupFault, ...] = ()
    """One after the other, while workers are killed."""
    workers: int = 4
    partitions: int = 9


def lives(plan: Plan, source: random.Random) -> Iterator[list[Trigger]]:
    """The triggers of each life: it ends by a kill; in some a freeze or a fence comes first. Without end.

    Each point comes before any comes a second time.
    """
    first = [Trigger(FREEZES[n % len(FREEZES)], Action.FREEZE) for n in range(plan.zombies)]
    first += [Trigger(Point.PRODUCED, Action.FENCE) for _ in range(plan.fences)]
    first += [Trigger(Point.BEGUN, Action.STALL) for _ in range(plan.stalls)]
    source.shuffle(first)
    points: list[Point] = []
    for _ in range(plan.kills):
        if not points:
            points = list(Point)
            source.shuffle(points)
        point, nth = points.pop(), source.randint(1, MAX_NTH)
        if point in REBALANCES:
            yield [Trigger(point, Action.KILL)]
            continue
        life = []
        if first:
            life.append(replace(first.pop(), nth=nth))
            nth += source.randint(1, MAX_NTH)
        # In the midst of the call: the request is sent or not, its response has come or not.
        delay = source.uniform(0.0005, 0.01) if point is Point.COMMITTING else 0.0
        yield [*life, Trigger(point, Action.KILL, nth, delay)]
    assert not first, "more zombies, fences and stalls than kills inside transactions"
    while True:
        yield []
