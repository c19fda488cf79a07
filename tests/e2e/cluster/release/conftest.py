"""The product as its chart installs it: one release for all tests of this folder, put right for each module."""

from collections.abc import Iterator

import pytest

from heartzone_images.services import SERVICES
from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.release.helm import Helm, ensure_helm
from heartzone_testing.release.release import Release
from heartzone_testing.release.values import merged
from heartzone_testing.traffic.auditor import Auditor
from kubernetes_node.nodes.node import Node

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
# All of it has to fit on two cores beside Kafka: what pods reserve is not what these tests are about.
SMALL = {"resources": {"requests": {"cpu": "20m", "memory": "64Mi"}}}
VALUES = {
    "image": {"registry": "localhost", "tag": "dev", "pullPolicy": "Never"},
    "producer": SMALL,
    "zoneWorker": SMALL,
    # With a resync every few seconds, tests need not wait for one.
    "operator": SMALL | {"env": {"HEARTZONE_RESYNC_INTERVAL": 5}},
    "test": SMALL,
}


@pytest.fixture(scope="session")
def installed(node: Node, kafka_cluster: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """The session's release, installed for the first time."""
    assert node.reaches_pods, "These tests send to Services' addresses: run them where this machine reaches those."
    for service in SERVICES:
        node.image(service)
    helm = ensure_helm(print)
    with node.new_namespace("heartzone", labels=RESTRICTED) as namespace:
        kubectl = node.cluster.kubectl.within(namespace)
        kubectl.apply(*kafka_cluster.secrets())
        release = Release(
            Helm(helm, node.cluster.kubeconfig, namespace, tmp_path_factory.mktemp("helm")),
            kubectl,
            merged(VALUES, kafka_cluster.values),
        )
        release.deploy()
        yield release
        release.uninstall()


@pytest.fixture(scope="module")
def release(installed: Release) -> Release:
    """The release as `helm install --wait` leaves it, whatever the module before did to it."""
    installed.deploy()
    installed.await_reachable()
    return installed


@pytest.fixture
def auditor(kafka_cluster: KafkaCluster) -> Auditor:
    """Who compares what was accepted with what is in Kafka."""
    return Auditor(kafka_cluster.super_user)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what clients met in the tests that passed."""
    for report in terminalreporter.getreports("passed"):
        for name, traffic in report.user_properties:
            if name == "traffic":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {traffic}")
