"""A node that is drained keeps enough pods: evictions go by the chart's PodDisruptionBudgets."""

from collections.abc import Iterator

import pytest

from heartzone_testing.release.release import Release, is_ready
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import ABSORBED
from heartzone_testing.traffic.load import Traffic
from kubernetes_node.nodes.node import Node


@pytest.fixture
def drained_node(node: Node, release: Release) -> Iterator[str]:
    """The node that the release's pods are on; it takes pods again after the test."""
    [name] = {pod["spec"]["nodeName"] for pod in release.pods()}
    yield name
    node.cluster.kubectl("uncordon", name)
    for component, count in (("producer", 2), ("zone-worker", 2), ("operator", 1)):
        release.await_ready(component, count)


def test_a_drain_waits_with_the_second_pod_until_the_first_has_a_successor(
    node: Node, release: Release, auditor: Auditor, drained_node: str
) -> None:
    """There is no other node, so the successor waits too: one of two pods stays, and serves."""
    with Traffic(release.url()) as traffic:
        traffic.await_more(50)
        draining = node.cluster.kubectl.run(
            "drain",
            drained_node,
            f"--pod-selector=app.kubernetes.io/instance={release.name}",
            "--delete-emptydir-data",
            "--timeout=20s",
        )
        for component in ("producer", "zone-worker"):
            assert f"{release.name}-{component}" in draining.stderr
            assert len([pod for pod in release.pods(component) if is_ready(pod)]) == 1
        traffic.await_more(50)

        node.cluster.kubectl("uncordon", drained_node)

    assert draining.returncode == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget." in draining.stderr
    assert traffic.outcomes.keys() <= ABSORBED, traffic.outcomes
    assert auditor.discrepancies(traffic.accepted) == []
