"""Containers of an image under the rules that the chart sets: what they may do is as little as in a cluster.

Run by runc on the network of this machine, so that they reach a broker on loopback: read-only root file system, the
image's own user, no capability, no new privileges, no writable place but what a test mounts.
"""

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from embedded_kafka.processes import ChildProcess
from kubernetes_node.images.archives import ImageArchive


class Unpacked:
    """An image laid out on disk, from which containers start."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.image = ImageArchive(archive)
        self.root = folder / "rootfs"
        self.root.mkdir(parents=True)
        self.image.unpack(self.root)

    @contextmanager
    def running(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        arguments: Sequence[str] = (),
        entrypoint: Sequence[str] = (),
        mounted: Mapping[str, Path] = MappingProxyType({}),
    ) -> Iterator[ChildProcess]:
        """Run a container while the block lasts; SIGTERM to the process goes to the container, and its exit code back.

        `folder` gets the log; `mounted` are folders of this machine by their path inside.
        """
        name = f"heartzone-{uuid.uuid4().hex[:12]}"
        bundle = folder / name
        bundle.mkdir(parents=True)
        config = self._runtime_config(environment, [*(entrypoint or self._entrypoint()), *arguments], mounted)
        (bundle / "config.json").write_text(json.dumps(config))
        process = ChildProcess.start(["runc", "run", "--bundle", bundle, name], log_file=folder / f"{name}.log")
        try:
            yield process
        finally:
            process.terminate(20)
            # Gone already when it ended by itself; a runc that was killed leaves its container behind.
            subprocess.run(["runc", "delete", "--force", name], check=False, capture_output=True)

    def _entrypoint(self) -> list[str]:
        entrypoint: list[str] = self.image.config()["Entrypoint"]
        return entrypoint

    def _runtime_config(
        self, environment: Mapping[str, str], command: Sequence[str], mounted: Mapping[str, Path]
    ) -> dict[str, Any]:
        image = self.image.config()
        user, _, group = image["User"].partition(":")
        return {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": int(user), "gid": int(group)},
                "args": list(command),
                "env": [*image["Env"], *(f"{name}={value}" for name, value in environment.items())],
                "cwd": image["WorkingDir"],
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.root), "readonly": True},
            "mounts": [*_MOUNTS, *(_bind(path, folder) for path, folder in mounted.items())],
            "linux": {"namespaces": [{"type": each} for each in ("pid", "ipc", "uts", "mount")]},
        }


_MOUNTS: tuple[dict[str, Any], ...] = (
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
)


def _bind(path: str, folder: Path) -> dict[str, Any]:
    return {"destination": path, "type": "bind", "source": str(folder), "options": ["rbind", "rw"]}
