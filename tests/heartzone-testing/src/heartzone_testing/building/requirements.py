"""Programs that tests need and that take minutes to build, by the fixtures that stand for them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from heartzone_testing.chart import definitions
from heartzone_testing.checkout import ROOT
from heartzone_testing.keda import operator as keda
from heartzone_testing.prometheus import programs as prometheus
from heartzone_testing.release import helm
from kubernetes_node.cache import cache_folder
from kubernetes_node.control_plane import binaries
from kubernetes_node.control_plane.cluster import installed_kubectl
from kubernetes_node.go_programs.building import BuildError
from kubernetes_node.go_programs.modules import Say
from kubernetes_node.go_programs.toolchain import GoMissingError
from kubernetes_node.nodes import own


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something to build, with a lock that is held while it is built ahead of the tests.

    The operating system frees the lock of a builder that dies: nothing waits for it in vain.
    """

    name: str
    is_there: Callable[[], bool]
    ensure: Callable[[Say], object]

    def is_missing(self) -> bool:
        """Whether there is something to build."""
        try:
            return not self.is_there()
        except GoMissingError:
            return True

    def build(self, say: Say) -> None:
        """Build it. An error is printed here and also reported by the tests that need it."""
        try:
            self.ensure(say)
        except (BuildError, GoMissingError) as error:
            say(str(error))

    def claim(self) -> FileLock | None:
        """The lock, held; None when another process builds it."""
        lock = self._lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        return lock

    def await_build(self) -> None:
        """Return when no process builds it ahead, whatever came of that."""
        with self._lock():
            pass

    def _lock(self) -> FileLock:
        return FileLock(cache_folder("building") / f"{self.name}.lock")


CONTROL_PLANE = Requirement("control-plane", binaries.are_there, binaries.ensure_binaries)
DEFINITIONS = Requirement("definitions", definitions.are_there, lambda _: definitions.definitions())
HELM = Requirement("helm", helm.helm_is_built, helm.ensure_helm)
KEDA = Requirement("keda", keda.keda_is_built, keda.ensure_keda)
KUBECTL = Requirement("kubectl", lambda: bool(installed_kubectl()) or binaries.are_there(), binaries.ensure_binaries)
NODE = Requirement("node", own.programs_are_built, own.build_programs)
PROMETHEUS = Requirement("prometheus", prometheus.are_there, prometheus.ensure_programs)

ALL = (HELM, DEFINITIONS, PROMETHEUS, NODE, CONTROL_PLANE, KUBECTL, KEDA)
"""The shortest build first."""
TESTS = ROOT / "tests"
OF_FIXTURES: Mapping[tuple[Path, str], tuple[Requirement, ...]] = {
    (TESTS, "prometheus_programs"): (PROMETHEUS,),
    (TESTS / "chart", "control_plane_programs"): (CONTROL_PLANE, DEFINITIONS),
    (TESTS / "chart", "helm"): (HELM,),
    (TESTS / "e2e" / "cluster", "node"): (NODE,),
    (TESTS / "e2e" / "cluster" / "release", "installed"): (HELM,),
    (TESTS / "e2e" / "cluster" / "release" / "autoscaling", "autoscaled"): (KEDA,),
    (TESTS / "kubernetes", "kubernetes"): (CONTROL_PLANE,),
    (TESTS / "strimzi", "helm"): (HELM,),
    (TESTS / "strimzi", "kubectl_program"): (KUBECTL,),
}
"""A test in the folder that uses the fixture needs these."""
OF_A_CLUSTER = frozenset({"kubernetes", "node"})
"""Fixtures that need nothing when a running cluster is given."""


def requirements_of(test: Path, fixtures: Collection[str], *, cluster_given: bool) -> Iterator[Requirement]:
    """What a test with these fixtures needs, by its file."""
    for (folder, fixture), requirements in OF_FIXTURES.items():
        if fixture in fixtures and test.is_relative_to(folder) and not (cluster_given and fixture in OF_A_CLUSTER):
            yield from requirements
