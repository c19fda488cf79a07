"""Zone workers come and go while readings do."""

from heartzone_testing.release.release import Release
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.load import Traffic


def test_scaling_workers_from_1_to_3_to_2_loses_and_doubles_nothing(release: Release, auditor: Auditor) -> None:
    release.deploy({"zoneWorker": {"replicas": 1}})
    release.await_ready("zone-worker", 1)

    with Traffic(release.url()) as traffic:
        for count in (1, 3, 2):
            release.deploy({"zoneWorker": {"replicas": count}})
            release.await_ready("zone-worker", count)
            traffic.await_more(200)

    assert auditor.discrepancies(traffic.accepted) == []
