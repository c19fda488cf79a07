"""The cluster that tests run against: our own control plane, or one that somebody else runs."""

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kubernetes_node.control_plane.credentials import render_kubeconfig
from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.control_plane.namespaces import remove_namespace
from kubernetes_node.control_plane.processes import ControlPlane


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kubernetes API, and kubectl as its administrator; `control_plane` is None when somebody else runs it."""

    url: str
    kubeconfig: Path
    kubectl: Kubectl
    control_plane: ControlPlane | None = None

    @contextmanager
    def new_namespace(self, prefix: str = "test", *, labels: Mapping[str, str] | None = None) -> Iterator[str]:
        """A namespace with a random name, removed with everything in it."""
        name = f"{prefix}-{uuid.uuid4().hex[:10]}"
        metadata = {"name": name, "labels": dict(labels or {})}
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        try:
            yield name
        finally:
            if self.control_plane is None:
                self.kubectl("delete", "namespace", name, "--wait=false")
            else:
                with self.control_plane.administrator() as client:
                    remove_namespace(client, name)

    def service_account_kubeconfig(self, namespace: str, name: str, directory: Path) -> Path:
        """Write a kubeconfig file in `directory` with an hour's token of a ServiceAccount, made when it is missing.

        The account may do nothing until the test binds roles to it.
        """
        kubectl = self.kubectl.within(namespace)
        if kubectl.run("get", "serviceaccount", name).returncode != 0:
            kubectl("create", "serviceaccount", name)
        token = kubectl("create", "token", name, "--duration=1h").strip()
        file = directory / f"{namespace}-{name}.kubeconfig"
        file.touch(mode=0o600)
        file.write_text(render_kubeconfig(_connection(self.kubectl), {"token": token}, namespace))
        return file

    def kubectl_as(self, kubeconfig: Path, namespace: str | None = None) -> Kubectl:
        """kubectl as the user of another kubeconfig file."""
        return replace(self.kubectl, kubeconfig=kubeconfig, namespace=namespace)


def own_cluster(control_plane: ControlPlane, kubectl: Path) -> Cluster:
    """The cluster of a control plane that runs."""
    kubeconfig = control_plane.kubeconfig
    client = Kubectl(kubectl, kubeconfig, cache_dir=kubeconfig.with_name("kubectl-cache"))
    return Cluster(control_plane.url, kubeconfig, client, control_plane)


def given_cluster(kubeconfig: Path, kubectl: Path) -> Cluster:
    """The cluster of a kubeconfig file's current context."""
    client = Kubectl(kubectl, kubeconfig)
    return Cluster(_connection(client)["server"], kubeconfig, client)


def installed_kubectl() -> Path | None:
    """The kubectl on PATH."""
    found = shutil.which("kubectl")
    return Path(found) if found else None


def _connection(kubectl: Kubectl) -> dict[str, str]:
    """The current context's cluster as its kubeconfig file has it, certificates inline."""
    view = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json"))
    connection: dict[str, str] = view["clusters"][0]["cluster"]
    return connection
