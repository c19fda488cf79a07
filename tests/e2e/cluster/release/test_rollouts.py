"""`helm upgrade` while readings come in: a client that retries as HTTP specifies notices nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from heartzone_testing.release.release import COMPONENTS, Release, uid_of
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import ABSORBED
from heartzone_testing.traffic.load import Traffic


def revisions(count: int) -> Iterator[dict[str, Any]]:
    """Changes with which every pod is another one than before; the last one leads back to the values as they were."""
    for number in range(1, count):
        annotations = {"podAnnotations": {"example.org/revision": str(number)}}
        yield {"producer": annotations, "zoneWorker": annotations, "operator": annotations}
    yield {}


@pytest.mark.timeout(3600)  # for any number of rollouts
def test_a_rolling_upgrade_of_everything_is_noticed_by_no_client_and_loses_and_doubles_nothing(
    release: Release, auditor: Auditor, record_property: Callable[[str, object], None], pytestconfig: pytest.Config
) -> None:
    """`--rollouts N` says how many times."""
    with Traffic(release.url()) as traffic:
        traffic.await_more(50)
        for changes in revisions(pytestconfig.getoption("--rollouts")):
            before = {uid_of(pod) for pod in release.pods()}
            release.deploy(changes)
            for component, count in zip(COMPONENTS, (2, 2, 1), strict=True):
                release.await_ready(component, count)
            assert not before & {uid_of(pod) for pod in release.pods()}
            traffic.await_more(50)

    assert traffic.outcomes.keys() <= ABSORBED, traffic.outcomes
    record_property("traffic", str(traffic))
    assert auditor.discrepancies(traffic.accepted) == []
