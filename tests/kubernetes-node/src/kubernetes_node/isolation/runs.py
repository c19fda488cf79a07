"""The run directories: one for each node that runs, held by a lock, so that what a killed run has left is known.

Everything on disk that a run makes is in its directory; outside of it there are only the control groups of its name.
The kernel removes the rest with the run's first process (`isolation` says how).
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from kubernetes_node.cache import cache_folder
from kubernetes_node.isolation import cgroups


@dataclass(frozen=True, slots=True)
class Run:
    """A node's name and directory."""

    directory: Path

    @property
    def name(self) -> str:
        """Its name, which its control groups have too."""
        return self.directory.name

    def remove(self) -> None:
        """Kill what is left of its processes, and remove its control groups and its directory."""
        cgroups.remove(self.name)
        shutil.rmtree(self.directory)


@contextmanager
def new_run() -> Iterator[Run]:
    """A run that is gone afterwards, and with it those that were killed before."""
    home = cache_folder("nodes")
    _sweep(home)
    run = Run(home / f"kubernetes-node-{uuid.uuid4().hex[:8]}")
    with FileLock(_lock_of(run)):
        run.directory.mkdir()
        try:
            yield run
        finally:
            run.remove()
    _lock_of(run).unlink()


def _sweep(home: Path) -> None:
    """Remove the runs whose process is gone: the lock of one that lives is taken."""
    for file in home.glob("*.lock"):
        run = Run(file.with_suffix(""))
        try:
            with FileLock(file, timeout=0):
                if run.directory.exists():
                    run.remove()
        except Timeout:
            continue
        file.unlink(missing_ok=True)


def _lock_of(run: Run) -> Path:
    return run.directory.with_suffix(".lock")
