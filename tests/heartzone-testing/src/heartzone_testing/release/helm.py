"""Helm: its program, built from source, and its commands with their output as Python values."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heartzone_testing.checkout import PROGRAMS
from kubernetes_node.go_programs.modules import GoModule, Say

TIMEOUT_S = 150  # of each wait


class HelmError(Exception):
    """Helm ended with another exit code than 0; the message is its output."""


_MODULE = GoModule(PROGRAMS / "helm", title="Helm", effort="1 to 2 minutes")


def ensure_helm(say: Say) -> Path:
    """The program, built first when it is missing; `say` gets lines of progress. Raises GoMissingError, BuildError."""
    return _MODULE.ensure(say) / "helm"


def helm_is_built() -> bool:
    """Whether `ensure_helm` has nothing to build. Raises GoMissingError."""
    return _MODULE.is_built()


@dataclass(frozen=True, slots=True)
class Helm:
    """Helm for one namespace of one cluster; its own files are in `home`."""

    command: Path
    kubeconfig: Path
    namespace: str
    home: Path

    def __call__(self, *arguments: str | Path, values: Mapping[str, Any] | None = None) -> str:
        """Run it and return its stdout. `values` are those of a chart. Raises HelmError."""
        done = subprocess.run(
            [
                self.command,
                f"--kubeconfig={self.kubeconfig}",
                f"--namespace={self.namespace}",
                *arguments,
                *(["--values=-"] if values is not None else []),
            ],
            input=yaml.safe_dump(dict(values or {})),
            env=os.environ
            | {f"HELM_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S + 60,
            check=False,
        )
        if done.returncode != 0:
            raise HelmError(f"{done.stdout}{done.stderr}".strip())
        return done.stdout
