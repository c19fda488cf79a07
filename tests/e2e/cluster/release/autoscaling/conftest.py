"""The release with its workers in KEDA's hands, and what KEDA needs beside it: a Prometheus that scrapes the pods."""

from collections.abc import Iterator

import pytest

from heartzone_testing.keda.autoscaled import AutoscaledRelease
from heartzone_testing.keda.installation import installed_keda
from heartzone_testing.prometheus.in_cluster import running_prometheus
from heartzone_testing.prometheus.server import ScrapeJob
from heartzone_testing.release.release import MANAGEMENT_PORT, Release
from kubernetes_node.nodes.node import Node


def worker_to_come(release: Release) -> ScrapeJob:
    """What a Prometheus in the cluster finds by a PodMonitor when the first worker is there."""
    namespace, workers = str(release.kubectl.namespace), f"{release.name}-zone-worker"
    address = f"{workers}-0.{workers}.{namespace}:{MANAGEMENT_PORT}"
    return ScrapeJob(workers, [address], {"namespace": namespace, "pod": f"{workers}-0"})


@pytest.fixture(scope="module")
def autoscaled(
    release: Release, node: Node, prometheus_programs: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AutoscaledRelease]:
    """The release with workers that KEDA scales; it is put right before KEDA goes."""
    folder = tmp_path_factory.mktemp("autoscaling")
    with (
        installed_keda(node, folder),
        running_prometheus(node, release.kubectl, folder, worker_to_come(release)) as prometheus,
    ):
        autoscaled = AutoscaledRelease(release, prometheus)
        try:
            autoscaled.deploy()
            yield autoscaled
        finally:
            autoscaled.hand_back()
