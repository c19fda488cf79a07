"""A real cluster: `make e2e` makes a node for the session, ``--kubeconfig FILE`` takes the cluster of somebody else."""

from collections.abc import Generator, Iterator

import pytest

from heartzone_testing.images.ahead import build_into
from heartzone_testing.images.recipes import IMAGES
from heartzone_testing.kafka_cluster.cluster import KafkaCluster, running_kafka_cluster
from kubernetes_node.control_plane.binaries import ensure_binaries
from kubernetes_node.control_plane.cluster import installed_kubectl
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.nodes.diagnosis import diagnosis
from kubernetes_node.nodes.given import given_node
from kubernetes_node.nodes.node import Node
from kubernetes_node.nodes.own import own_node

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Build images while there is a network: a node of our own has none."""
    if session.config.getoption("--build-only") and any(
        "kafka_cluster" in getattr(item, "fixturenames", ()) for item in session.items
    ):
        build_into(session.config.getoption("--image-archives"), IMAGES, print)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the cluster looked like to the report of a test that failed."""
    report = yield
    node = getattr(item, "funcargs", {}).get("node")
    if report.failed and isinstance(node, Node):
        report.sections.append(("Cluster", diagnosis(node.cluster.kubectl)))
    return report


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """The cluster: ``.cluster``, ``.load_image(archive)``, ``.new_namespace(labels={...})``, and what it can do."""
    kubeconfig = request.config.getoption("--kubeconfig")
    directory = request.config.getoption("--node-directory")
    folder = request.config.getoption("--image-archives")
    archives = {file.stem: file for file in folder.iterdir()} if folder is not None else {}
    if kubeconfig is not None:
        kubectl = installed_kubectl() or ensure_binaries(print)["kubectl"]
        yield given_node(kubeconfig, kubectl, request.config.getoption("--image-loader"), archives)
    elif directory is not None:
        with own_node(directory, archives) as node:
            yield node
    else:
        pytest.fail("These tests take a cluster with nodes: run `make e2e`, or say --kubeconfig FILE.")


@pytest.fixture(scope="session")
def kafka_cluster(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Kafka and the registry as pods, as deploy/strimzi describes them: ``.super_user``, ``.user_secret(user)``…"""
    with running_kafka_cluster(node, tmp_path_factory.mktemp("kafka-cluster")) as cluster:
        yield cluster


@pytest.fixture
def restricted(node: Node) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own where Pod Security allows only what is `restricted`."""
    with node.new_namespace(labels=RESTRICTED) as name:
        yield node.cluster.kubectl.within(name)
