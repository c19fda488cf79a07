"""deploy/strimzi as kustomize renders it and kubectl applies it."""

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kubernetes_node.control_plane.binaries import ensure_binaries
from kubernetes_node.control_plane.cluster import installed_kubectl


@cache
def rendered(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """The objects of a kustomization, in its order."""
    kubectl = installed_kubectl() or ensure_binaries(print)["kubectl"]
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def only(folder: Path, kind: str) -> Mapping[str, Any]:
    """The one object of a kind that a kustomization has."""
    (found,) = (each for each in rendered(folder) if each["kind"] == kind)
    return found
