"""A cluster that somebody else runs, as the node of the tests."""

import shlex
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from kubernetes_node.control_plane.cluster import Cluster, given_cluster
from kubernetes_node.networking.policy_support import enforces_policies
from kubernetes_node.nodes.node import Node

BUSYBOX = "busybox:1.37"  # which its nodes fetch themselves


def given_node(kubeconfig: Path, kubectl: Path, image_loader: str | None, archives: Mapping[str, Path]) -> Node:
    """The cluster of a kubeconfig file's current context.

    `image_loader` is a command that takes an archive of images, where it says ``{}``, to the cluster's nodes.
    """
    cluster = given_cluster(kubeconfig, kubectl)
    return Node(
        cluster,
        _loading(image_loader),
        archives,
        reaches_pods=_reaches_services(cluster),
        enforces_network_policies=enforces_policies(cluster, BUSYBOX),
        busybox=BUSYBOX,
    )


def _reaches_services(cluster: Cluster) -> bool:
    """Whether the address of the API's own Service takes a connection."""
    service = cluster.kubectl.get("service", "kubernetes", "--namespace=default")["spec"]
    try:
        with socket.create_connection((service["clusterIP"], service["ports"][0]["port"]), timeout=2):
            return True
    except OSError:
        return False


def _loading(image_loader: str | None) -> Callable[[Path], None]:
    def load(archive: Path) -> None:
        if image_loader is None:
            raise ImageLoaderMissingError(
                f"The cluster's nodes need the images of {archive}: say by --image-loader how they get there, "
                "for instance --image-loader 'kind load image-archive {} --name NAME'."
            )
        subprocess.run([part.replace("{}", str(archive)) for part in shlex.split(image_loader)], check=True)

    return load


class ImageLoaderMissingError(Exception):
    """Nobody said how images get to the nodes."""
