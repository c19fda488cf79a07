"""The programs of the control plane: those of KUBEBUILDER_ASSETS, or built from source once per user and kept."""

import os
from dataclasses import dataclass
from pathlib import Path

from kubernetes_node.go_programs.modules import PROGRAMS as GO_MODULES
from kubernetes_node.go_programs.modules import GoModule, Say

# As main.go names them.
PROGRAMS = ("etcd", "kube-apiserver", "kubectl")
NODE_PROGRAMS = ("kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet")


class BinariesMissingError(Exception):
    """KUBEBUILDER_ASSETS names a folder without these programs."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with one executable per program."""

    folder: Path

    def __getitem__(self, program: str) -> Path:
        return self.folder / program


def ensure_binaries(say: Say) -> Binaries:
    """The programs, built first when they are missing; `say` gets lines of progress.

    Raises BinariesMissingError, GoMissingError, BuildError.
    """
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return _provided(Path(assets))
    return built_binaries(say)


def built_binaries(say: Say) -> Binaries:
    """The programs and NODE_PROGRAMS, from source whatever KUBEBUILDER_ASSETS says.

    Raises GoMissingError, BuildError.
    """
    return Binaries(_module().ensure(say))


def are_there() -> bool:
    """Whether `ensure_binaries` has nothing to build. Raises GoMissingError."""
    return bool(os.environ.get("KUBEBUILDER_ASSETS")) or are_built()


def are_built() -> bool:
    """Whether `built_binaries` has nothing to build. Raises GoMissingError."""
    return _module().is_built()


def _module() -> GoModule:
    source = GO_MODULES / "control-plane"
    version = GoModule(source).version_of("k8s.io/kubernetes")
    major, minor, _ = version.split(".")
    # Without these, clients see a Kubernetes v0.0.0.
    stated = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return GoModule(
        source,
        title=f"Kubernetes {version}",
        effort="4 to 10 minutes",
        names=(*PROGRAMS, *NODE_PROGRAMS),
        stated={f"k8s.io/component-base/version.{name}": value for name, value in stated.items()},
    )


def _provided(folder: Path) -> Binaries:
    missing = [program for program in PROGRAMS if not os.access(folder / program, os.X_OK)]
    if missing:
        raise BinariesMissingError(f"KUBEBUILDER_ASSETS is {folder}, which lacks {', '.join(missing)}.")
    return Binaries(folder)
