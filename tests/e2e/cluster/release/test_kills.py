"""Pods that go without leave: deleted by force, and killed."""

import random
from collections.abc import Callable
from contextlib import suppress

import psutil

from heartzone_testing.release.processes import processes_of
from heartzone_testing.release.release import Release, name_of, uid_of
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import Outcome
from heartzone_testing.traffic.load import Traffic

ROUNDS = 10
SEED = 20261124  # which pod of two


def test_20_workers_and_producers_that_go_at_once_lose_and_double_nothing(
    release: Release, auditor: Auditor, record_property: Callable[[str, object], None]
) -> None:
    """A worker and a producer at a time, each as soon as the pods of the round before are replaced.

    A deletion by force lets the process go on for its grace period, unknown to the API server, beside a successor that
    may have its name and its transactional id. So in every second round the process gets a SIGKILL besides.
    """
    choice = random.Random(SEED)
    killed = 0
    with Traffic(release.url(), rate=150) as traffic:
        for number in range(ROUNDS):
            victims = {component: choice.choice(release.pods(component)) for component in ("zone-worker", "producer")}
            for victim in victims.values():
                if number % 2:
                    killed += sigkill(name_of(victim))
                release.kubectl("delete", "pod", name_of(victim), "--force", "--grace-period=0")
            for component, victim in victims.items():
                release.await_ready(component, 2, without=uid_of(victim))
            traffic.await_more(50)

    record_property("traffic", f"{traffic}; processes killed: {killed}")
    assert auditor.discrepancies(traffic.accepted) == []
    if killed:  # none where the cluster's nodes are other machines
        assert killed >= ROUNDS
        assert traffic.outcomes.total() > traffic.outcomes[Outcome.ACCEPTED], "no client noticed that a producer died"


def sigkill(pod: str) -> int:
    """Kill the processes of a pod; return how many there were."""
    processes = list(processes_of(pod))
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return len(processes)
