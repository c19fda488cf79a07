"""The control groups of a run: its processes and its pods' containers are in groups below one of the run's name.

Containers get there because a runtime without instructions puts them below or beside the group that it runs in itself.
Both layouts are served: cgroup v2, and v1 with a hierarchy for each controller.
"""

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

REMOVAL_TIMEOUT_S = 30


def enter(name: str) -> None:
    """Make the groups and move this process, and so all that it starts, into them."""
    for hierarchy in _hierarchies():
        group = hierarchy / name
        group.mkdir()
        if (group / "cgroup.controllers").exists():
            # In v2 a group with processes has no groups below it, and containers come beside this one.
            group = group / "node"
            group.mkdir()
        if (group / "cpuset.cpus").exists():
            for file in ("cpuset.cpus", "cpuset.mems"):  # v1 starts with none of them, and takes no process then
                (group / file).write_text((hierarchy / file).read_text())
        (group / "cgroup.procs").write_text(str(os.getpid()))


def remove(name: str) -> None:
    """Remove the groups; whatever still runs in them is killed."""
    for hierarchy in _hierarchies():
        if (hierarchy / name).exists():
            _remove_tree(hierarchy / name, time.monotonic() + REMOVAL_TIMEOUT_S)


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


def _hierarchies() -> Iterator[Path]:
    """Where each hierarchy is mounted; beside those of v1, a v2 without controllers is for systemd alone."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    first = [Path(mount[1]) for mount in mounts if mount[2] == "cgroup"]
    yield from first or [Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"]
