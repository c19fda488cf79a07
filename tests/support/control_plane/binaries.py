"""The programs of the control plane: those of KUBEBUILDER_ASSETS, or built from source once per user and kept.

Layout of the cache directory::

    <digest>/control-plane   the one binary; made elsewhere, then renamed, so never half there
    <digest>/etcd ...        links to it: it is the program it is called by
    build.lock               held by the one process that builds
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock
from packaging.version import Version

from control_plane import building
from control_plane.go_toolchain import Go, find_go

SOURCE = Path(__file__).resolve().parents[2] / "kubernetes" / "control-plane"
PROGRAMS = ("etcd", "kube-apiserver", "kubectl")  # as main.go names them
Say = Callable[[str], None]


class BinariesMissing(Exception):
    """KUBEBUILDER_ASSETS names a folder without these programs."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with one executable per program."""

    folder: Path

    def __getitem__(self, program: str) -> Path:
        return self.folder / program


def ensure_binaries(say: Say) -> Binaries:
    """The programs, built first when they are missing; `say` is told how far that is, a line at a time.

    Raises BinariesMissing, GoMissing, BuildFailed.
    """
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return _provided(Path(assets))
    go = find_go(Version(_stated(r"^go (\S+)$")))
    cache = platformdirs.user_cache_path("heartzone-tests") / "control-plane"
    home = cache / _digest(go)
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "build.lock"):
            if not home.exists():
                _install(go, home, say)
    return Binaries(home)


def _provided(folder: Path) -> Binaries:
    missing = [program for program in PROGRAMS if not os.access(folder / program, os.X_OK)]
    if missing:
        raise BinariesMissing(f"KUBEBUILDER_ASSETS is {folder}, which lacks {', '.join(missing)}.")
    return Binaries(folder)


def _install(go: Go, home: Path, say: Say) -> None:
    staging = home.with_name(f"{home.name}.new")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    building.build(go, SOURCE, staging / "control-plane", version=_stated(r"k8s\.io/kubernetes v(\S+)$"), say=say)
    for program in PROGRAMS:
        (staging / program).symlink_to("control-plane")
    staging.rename(home)


def _stated(pattern: str) -> str:
    found = re.search(pattern, (SOURCE / "go.mod").read_text(), re.MULTILINE)
    assert found, f"go.mod lacks {pattern}"
    return found[1]


def _digest(go: Go) -> str:
    """Of all that decides what comes out of the build."""
    digest = hashlib.sha256(f"{go.version} {' '.join(PROGRAMS)}".encode())
    for file in (*sorted(SOURCE.glob("go.*")), *sorted(SOURCE.glob("*.go")), Path(building.__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
