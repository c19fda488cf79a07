"""Packages of the operating system that a node needs, installed by apt where they are missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

PLUGINS = Path("/usr/lib/cni")
PACKAGES: Mapping[str, str | Path] = {
    "busybox-static": "busybox",
    "conntrack": "conntrack",
    "containernetworking-plugins": PLUGINS / "bridge",
    "iproute2": "ip",
    "ipset": "ipset",
    "iptables": "iptables",
    "runc": "runc",
    "util-linux": "unshare",
}
"""Debian's packages, each with the file or the program on PATH that shows that it is there."""


class NodeUnsupportedError(Exception):
    """This machine cannot be a node; the message says what to do."""


def ensure_packages(say: Callable[[str], None], others: Mapping[str, str | Path] = MappingProxyType({})) -> None:
    """Install what is missing of PACKAGES and of `others`. Raises NodeUnsupportedError."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NodeUnsupportedError(
            "A node for the tests takes Linux and root: `sudo make e2e`; or kind, or --kubeconfig FILE."
        )
    missing = [package for package, file in {**PACKAGES, **others}.items() if not _is_there(file)]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None:
        raise NodeUnsupportedError(f"The node lacks programs. Install what Debian has in {', '.join(missing)}.")
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
            raise NodeUnsupportedError(f"`{' '.join(step)}` failed:\n{done.stderr.strip()}")


def _is_there(file: str | Path) -> bool:
    return file.exists() if isinstance(file, Path) else shutil.which(file) is not None
