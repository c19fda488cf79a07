"""The product, installed by its chart in a namespace of a test's cluster, and seen from outside."""

import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml
from prometheus_client.parser import text_string_to_metric_families

from heartzone_testing.checkout import CHART
from heartzone_testing.release.helm import TIMEOUT_S, Helm
from heartzone_testing.release.values import merged
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.kubectl import Kubectl

COMPONENTS = ("producer", "zone-worker", "operator")
MANAGEMENT_PORT = 9090
POLL_S = 0.3  # each look is a process of its own


class Release:
    """One release, called `heartzone` as in the documentation; `values` are what it is installed with."""

    name = "heartzone"

    def __init__(self, helm: Helm, kubectl: Kubectl, values: Mapping[str, Any]) -> None:
        self.helm = helm
        self.kubectl = kubectl
        self.values = values

    def deploy(self, *changes: Mapping[str, Any]) -> None:
        """Install or upgrade it to its values with these changes, and wait as a person would. Raises HelmError."""
        wait = ("--wait", f"--timeout={TIMEOUT_S}s")
        self.helm("upgrade", "--install", *wait, self.name, CHART, values=merged(self.values, *changes))

    def uninstall(self) -> None:
        """Uninstall it and wait until its pods are gone. Raises HelmError."""
        self.helm("uninstall", "--wait", f"--timeout={TIMEOUT_S}s", self.name)
        eventually(lambda: not self.pods(), "the pods to be gone", every=POLL_S)

    def rendered(self, *changes: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The chart's objects with its values and these changes, without installing them."""
        text = self.helm("template", self.name, CHART, values=merged(self.values, *changes))
        return [each for each in yaml.safe_load_all(text) if each is not None]

    def url(self) -> str:
        """Where the API is: the Service's own address, so that the cluster's proxy chooses the pod."""
        service = self.kubectl.get("service", f"{self.name}-producer")
        return f"http://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"

    def await_reachable(self) -> None:
        """Return when the Service takes connections: the cluster's proxy learns a little later that pods are ready."""
        address = urlsplit(self.url())
        assert address.hostname is not None
        assert address.port is not None
        where = (address.hostname, address.port)

        def is_so() -> bool:
            try:
                with socket.create_connection(where, timeout=5):
                    return True
            except OSError:
                return False

        eventually(is_so, "the Service to take connections")

    def pods(self, *components: str) -> list[dict[str, Any]]:
        """The pods of components (of all of them without any), those that are ending too, by name."""
        wanted = ",".join(components or COMPONENTS)
        labels = f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component in ({wanted})"
        found: list[dict[str, Any]] = self.kubectl.get("pods", f"--selector={labels}")["items"]
        return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))

    def metric(self, component: str, name: str) -> float:
        """The sum of a metric's samples over all labels and all pods of the component."""
        texts = [self._metrics(pod["status"]["podIP"]) for pod in self.pods(component)]
        families = [family for text in texts for family in text_string_to_metric_families(text)]
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)

    def await_ready(self, component: str, count: int, *, without: str = "", timeout: float = 90) -> None:
        """Return when a component has so many pods, each ready and none ending, and the one of a UID is not there."""

        def is_so() -> bool:
            pods = self.pods(component)
            return len(pods) == count and all(is_ready(pod) and uid_of(pod) != without for pod in pods)

        eventually(is_so, f"{count} ready pods of the {component}", timeout, every=POLL_S)

    @staticmethod
    def _metrics(address: str) -> str:
        response = httpx2.get(f"http://{address}:{MANAGEMENT_PORT}/metrics", timeout=10, trust_env=False)
        return response.raise_for_status().text


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready and stays."""
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def uid_of(pod: Mapping[str, Any]) -> str:
    """The UID, which distinguishes a pod from its successor of the same name."""
    uid: str = pod["metadata"]["uid"]
    return uid


def name_of(pod: Mapping[str, Any]) -> str:
    """The name of a pod."""
    name: str = pod["metadata"]["name"]
    return name
