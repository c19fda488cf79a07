"""`helm upgrade` while readings come in: a client that does what HTTP asks of it notices nothing."""

from typing import Any

import pytest

from release.release import COMPONENTS, Release, uid_of
from traffic.auditor import Auditor
from traffic.client import ABSORBED
from traffic.load import Traffic


def revision(number: int) -> dict[str, Any]:
    """Values with which every pod is another one."""
    annotations = {"podAnnotations": {"example.org/revision": str(number)}}
    return {"producer": annotations, "zoneWorker": annotations, "operator": annotations}


def test_a_rolling_upgrade_of_everything_is_noticed_by_no_client_and_loses_and_doubles_nothing(
    release: Release, auditor: Auditor, pytestconfig: pytest.Config
) -> None:
    """`--rollouts N` says how many times."""
    with Traffic(release.url()) as traffic:
        traffic.await_more(50)
        for number in range(pytestconfig.getoption("--rollouts")):
            before = {uid_of(pod) for pod in release.pods()}
            release.deploy(revision(number))
            for component, count in zip(COMPONENTS, (2, 2, 1), strict=True):
                release.await_ready(component, count)
            assert not before & {uid_of(pod) for pod in release.pods()}
            traffic.await_more(50)

    assert traffic.outcomes.keys() <= ABSORBED, traffic.outcomes
    assert auditor.discrepancies(traffic.accepted) == []
