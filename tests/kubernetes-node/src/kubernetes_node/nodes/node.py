"""The cluster that tests with pods run on, whoever runs it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.images.archives import ImageArchive


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster with nodes that run pods.

    load_image: takes an archive (docker's or OCI's) to where the nodes find its images.
    archives: images that were built before the tests, by names of the tests' own.
    reaches_pods: whether test code reaches addresses of pods and Services as they are, without a port-forward.
    enforces_network_policies: whether a NetworkPolicy has an effect.
    busybox: an image with a shell and its usual programs.
    """

    cluster: Cluster
    load_image: Callable[[Path], None]
    archives: Mapping[str, Path]
    reaches_pods: bool
    enforces_network_policies: bool
    busybox: str
    _loaded: set[str] = field(default_factory=set)

    def image(self, name: str) -> str:
        """A name of an image of `archives` in a pod's spec; the image is loaded onto the nodes first, once."""
        if name not in self._loaded:
            self.load_image(self.archives[name])
            self._loaded.add(name)
        return ImageArchive(self.archives[name]).names()[0]

    @contextmanager
    def new_namespace(self, prefix: str = "test", *, labels: Mapping[str, str] | None = None) -> Iterator[str]:
        """A namespace with a random name, removed with everything in it."""
        with self.cluster.new_namespace(prefix, labels=labels) as name:
            yield name
