"""containerd: the runtime of the node's containers, with the kubelet's interface (CRI)."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded_kafka.processes import ChildProcess
from kubernetes_node.go_programs.modules import PROGRAMS, GoModule
from kubernetes_node.machine.packages import PLUGINS
from kubernetes_node.networking import network

# The library that calls network plugins notes down results in a place of the machine's, unless the linker says another.
MODULE = GoModule(
    PROGRAMS / "containerd", stated={"github.com/containernetworking/cni/libcni.CacheDir": "/run/cni/results"}
)
PAUSE_IMAGE = "kubernetes-node-pause:local"
ENDPOINT = "unix:///run/containerd/containerd.sock"


@dataclass(frozen=True, slots=True)
class Containerd:
    """`programs` is the folder with containerd, its shim and ctr; `directory` is where everything is kept."""

    programs: Path
    directory: Path

    def start(self) -> ChildProcess:
        """Start it. It is ready when its socket is there (`is_ready`)."""
        self.directory.mkdir()
        (self.directory / "config.toml").write_text(_config(self.directory))
        networks = self.directory / "networks"
        networks.mkdir()
        (networks / "pods.conflist").write_text(json.dumps(network.cni_config()))
        return ChildProcess.start(
            [self.programs / "containerd", f"--config={self.directory / 'config.toml'}"],
            log_file=self.directory / "containerd.log",
            # It finds its shim there.
            env=os.environ | {"PATH": f"{self.programs}:{os.environ['PATH']}"},
        )

    def is_ready(self) -> bool:
        """Whether it responds."""
        return self._ctr("version").returncode == 0

    def load(self, archive: Path) -> None:
        """Import the images of an archive (docker's or OCI's), under the names that pods call them by."""
        self._ctr("images", "import", str(archive)).check_returncode()

    def images(self) -> list[str]:
        """The names of the images that are there."""
        return self._ctr("images", "list", "--quiet").stdout.split()

    def _ctr(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # The kubelet's images and containers are in this namespace of containerd.
        command = [str(self.programs / "ctr"), "--namespace=k8s.io", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def _config(directory: Path) -> str:
    return f"""
version = 3
root = '{directory / "root"}'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '{PAUSE_IMAGE}'

[plugins.'io.containerd.cri.v1.runtime']
# Lowering it takes a right that a machine in a container lacks.
restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['{PLUGINS}']
conf_dir = '{directory / "networks"}'
"""
