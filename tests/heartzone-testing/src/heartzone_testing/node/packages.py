"""What the node takes from the operating system, brought by apt where it is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PLUGINS = Path("/usr/lib/cni")
PACKAGES: dict[str, str | Path] = {  # the file that tells whether the package is there
    "buildah": "buildah",
    "busybox-static": "busybox",
    "conntrack": "conntrack",
    "containernetworking-plugins": PLUGINS / "bridge",
    "debootstrap": "debootstrap",
    "iproute2": "ip",
    "ipset": "ipset",
    "iptables": "iptables",
    "prometheus": "prometheus",  # it watches the product in the cluster
    "runc": "runc",
    "util-linux": "unshare",
}


class NoNodeHere(Exception):
    """This machine cannot be a node; the message says what to do."""


def ensure_packages(say: Callable[[str], None]) -> None:
    """Install what is missing. Raises NoNodeHere."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoNodeHere("A node for the tests takes Linux and root: `sudo make e2e`; or kind, or --kubeconfig FILE.")
    missing = [package for package, file in PACKAGES.items() if not _is_there(file)]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None:
        raise NoNodeHere(f"The node lacks programs. Install what Debian has in {', '.join(missing)}.")
    say(f"installing {', '.join(missing)}")
    for step in (["apt-get", "update"], command):
        done = subprocess.run(
            step,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NoNodeHere(f"`{' '.join(step)}` failed:\n{done.stderr.strip()}")


def _is_there(file: str | Path) -> bool:
    return file.exists() if isinstance(file, Path) else shutil.which(file) is not None
