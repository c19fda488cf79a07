"""The control groups of a run: all processes of its world are in groups below one of the run's name.

The world sees that one as the top of all groups, by a namespace of its own: a container runtime makes its groups there,
wherever it believes to make them. Both layouts are served: cgroup v2, and v1 with a hierarchy for each controller.
"""

import ctypes
import errno
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

REMOVAL_TIMEOUT_S = 30
CLONE_NEWCGROUP = 0x02000000  # os.unshare came with Python 3.12


def enter(name: str) -> None:
    """Make the groups, move this process and so all that it starts into them, and make them the top of what it sees.

    Takes a mount namespace of this process's own.
    """
    hierarchies = _hierarchies()
    for hierarchy in hierarchies:
        group = hierarchy.folder / name
        group.mkdir()
        if (group / "cpuset.cpus").exists() and hierarchy.kind == "cgroup":
            for file in ("cpuset.cpus", "cpuset.mems"):  # v1 starts with none of them, and takes no process then
                (group / file).write_text((hierarchy.folder / file).read_text())
        _join(group)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWCGROUP) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"unshare(CLONE_NEWCGROUP): {os.strerror(code)}")
    for hierarchy in hierarchies:
        # In two steps: the kernel does not mount one file system twice in one place.
        subprocess.run(["umount", hierarchy.folder], check=True)
        subprocess.run(
            ["mount", "-t", hierarchy.kind, "-o", hierarchy.options, hierarchy.kind, hierarchy.folder], check=True
        )
        if hierarchy.kind == "cgroup2":
            # In v2 a group with processes has no controllers for groups below it.
            own = hierarchy.folder / "node"
            own.mkdir()
            _join(own)


def remove(name: str) -> None:
    """Remove the groups; whatever still runs in them is killed."""
    for hierarchy in _hierarchies():
        if (hierarchy.folder / name).exists():
            _remove_tree(hierarchy.folder / name, time.monotonic() + REMOVAL_TIMEOUT_S)


def _remove_tree(top: Path, deadline: float) -> None:
    for folder, _, _ in os.walk(top, topdown=False):
        while True:
            try:
                Path(folder).rmdir()
                break
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
            for pid in (Path(folder) / "cgroup.procs").read_text().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.02)


def _join(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """Where a hierarchy is mounted, and how it would be mounted again."""

    kind: str
    folder: Path
    options: str


def _hierarchies() -> list[_Hierarchy]:
    """All of them; beside those of v1 there may be a v2 without controllers, in which runtimes make groups too."""
    mounts = [line.split()[1:4] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [
        _Hierarchy(kind, Path(folder), options) for folder, kind, options in mounts if kind in ("cgroup", "cgroup2")
    ]
