"""KEDA in a test's cluster: the one that is there, or its operator from source, installed while a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from heartzone_testing.keda.operator import NAMESPACE, image, manifests
from kubernetes_node.nodes.node import Node


@contextmanager
def installed_keda(node: Node, folder: Path) -> Iterator[None]:
    """A cluster with KEDA while the block lasts.

    ScaledObjects must be gone when it ends: nothing else removes their finalizers.
    """
    kubectl = node.cluster.kubectl
    if kubectl.run("get", "crd", "scaledobjects.keda.sh").returncode == 0:
        yield
        return
    node.load_image(image(folder))
    objects = yaml.safe_dump_all(manifests(kubectl))
    try:
        # Client-side, a custom resource's whole definition would have to fit an annotation.
        kubectl.apply(objects, server_side=True)
        rollout = ("rollout", "status", "deployment/keda-operator", "--timeout=90s")
        kubectl.within(NAMESPACE)(*rollout, timeout=100)
        yield
    finally:
        kubectl("delete", "--ignore-not-found", "--wait=false", "--filename=-", stdin=objects)
