"""The cluster that the tests of tests/e2e/cluster run on, whoever runs it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from control_plane.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster with nodes that run pods.

    load_image: takes an archive (docker's or OCI's) to where the nodes find its images.
    reaches_pods: whether test code reaches addresses of pods and Services as they are, without a port-forward.
    enforces_network_policies: whether a NetworkPolicy has an effect.
    busybox: an image with a shell and its usual programs.
    """

    cluster: Cluster
    load_image: Callable[[Path], None]
    reaches_pods: bool
    enforces_network_policies: bool
    busybox: str

    @contextmanager
    def new_namespace(self, prefix: str = "test", *, labels: Mapping[str, str] | None = None) -> Iterator[str]:
        """A namespace with a random name, removed with everything in it."""
        with self.cluster.new_namespace(prefix, labels=labels) as name:
            yield name
