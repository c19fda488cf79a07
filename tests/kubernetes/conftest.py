"""A real Kubernetes API for tests: a control plane of the session's own, or the cluster of ``--kubeconfig FILE``.

Own control plane: kube-apiserver and etcd, no controllers, no nodes. So nothing but the test itself and what it starts
changes anything: no garbage collection by owner references, no service accounts by themselves, no pods.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.by_hand import ByHand
from kubernetes_node.control_plane.binaries import ensure_binaries
from kubernetes_node.control_plane.cluster import Cluster, given_cluster, installed_kubectl, own_cluster
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.control_plane.processes import ControlPlane


@pytest.fixture(scope="session")
def kubernetes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster: ``.url``, ``.kubeconfig`` (a path, of an administrator), ``.kubectl``, ``.control_plane``.

    ``.service_account_kubeconfig(namespace, name, directory)`` is a user that may do what the test's RBAC rules say.
    """
    given = request.config.getoption("--kubeconfig")
    if given is not None:
        kubectl = installed_kubectl() or ensure_binaries(print)["kubectl"]
        yield given_cluster(given, kubectl)
        return
    binaries = ensure_binaries(print)
    with ControlPlane(binaries, tmp_path_factory.mktemp("control-plane")) as control_plane:
        yield own_cluster(control_plane, binaries["kubectl"])


@pytest.fixture
def namespace(kubernetes: Cluster) -> Iterator[str]:
    """A namespace of the test's own; it is gone afterwards with everything in it, whatever finalizers say."""
    with kubernetes.new_namespace() as name:
        yield name


@pytest.fixture
def kubectl(kubernetes: Cluster, namespace: str) -> Kubectl:
    """kubectl as administrator, in the test's namespace: ``kubectl("get", "et")``, ``.get()``, ``.apply()``."""
    return kubernetes.kubectl.within(namespace)


@pytest.fixture
def control_plane(kubernetes: Cluster, namespace: str) -> Iterator[ControlPlane]:
    """The processes, for tests that stop or restart the API server, which runs again when they end.

    ``.restart_api_server()``, ``.stop_api_server()``, ``.start_api_server()``, ``.api_server.pause()``, ``.etcd``.
    Skips on a cluster that somebody else runs. Asks for `namespace` so as to run again before that is removed.
    """
    if kubernetes.control_plane is None:
        pytest.skip("the API server of --kubeconfig is not ours to stop")
    yield kubernetes.control_plane
    kubernetes.control_plane.api_server.resume()
    if kubernetes.control_plane.api_server.poll() is not None:
        kubernetes.control_plane.start_api_server()


@pytest.fixture
def service_account(kubernetes: Cluster, namespace: str, tmp_path: Path) -> Kubectl:
    """kubectl as a ServiceAccount ``tester`` of the test's namespace that may do nothing yet."""
    return kubernetes.kubectl_as(kubernetes.service_account_kubeconfig(namespace, "tester", tmp_path), namespace)


@pytest.fixture
def bench(
    kubernetes: Cluster,
    namespace: str,
    embedded_kafka: EmbeddedKafka,
    embedded_registry: EmbeddedRegistry,
    tmp_path: Path,
) -> Iterator[OperatorBench]:
    """A namespace with the operator's ServiceAccount and rights, and the ways to run an operator for it."""
    bench = OperatorBench(
        cluster=kubernetes,
        namespace=namespace,
        kafka=embedded_kafka.client_config(),
        registry=embedded_registry.client_config(),
        folder=tmp_path,
    )
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def served(
    kubernetes: Cluster,
    embedded_kafka: EmbeddedKafka,
    embedded_registry: EmbeddedRegistry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OperatorBench]:
    """A namespace that an operator serves while the module's tests run."""
    with kubernetes.new_namespace() as namespace:
        bench = OperatorBench(
            cluster=kubernetes,
            namespace=namespace,
            kafka=embedded_kafka.client_config(),
            registry=embedded_registry.client_config(),
            folder=tmp_path_factory.mktemp("operator"),
        )
        with bench.operator():
            yield bench
        bench.close()


@pytest.fixture(scope="module")
def by_hand(embedded_kafka: EmbeddedKafka) -> ByHand:
    """``.create(name, topic)``, ``.set(name, key, value)``, ``.delete(name)`` without the operator."""
    return ByHand(embedded_kafka)
