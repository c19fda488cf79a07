"""Pods that die without a chance to say so: `kubectl delete pod --force --grace-period=0`."""

import random
from collections.abc import Callable

from release.release import Release, name_of, uid_of
from traffic.auditor import Auditor
from traffic.client import Outcome
from traffic.load import Traffic

ROUNDS = 10
SEED = 20261124  # which pod of two


def kill(release: Release, component: str, choice: random.Random) -> str:
    """Kill one pod of a component; return its UID."""
    victim = choice.choice(release.pods(component))
    release.kubectl("delete", "pod", name_of(victim), "--force", "--grace-period=0")
    return uid_of(victim)


def test_killing_20_workers_and_producers_loses_and_doubles_nothing(
    release: Release, auditor: Auditor, record_property: Callable[[str, object], None]
) -> None:
    """A worker and a producer at a time, each as soon as the pods of the round before are replaced."""
    choice = random.Random(SEED)
    with Traffic(release.url()) as traffic:
        for _ in range(ROUNDS):
            killed = {component: kill(release, component, choice) for component in ("zone-worker", "producer")}
            for component, uid in killed.items():
                release.await_ready(component, 2, without=uid)
            traffic.await_more(50)

    record_property("traffic", traffic)
    assert auditor.discrepancies(traffic.accepted) == []
    assert traffic.outcomes.total() > traffic.outcomes[Outcome.ACCEPTED], "no client noticed: the kills were none"
