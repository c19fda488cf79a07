"""What the node takes from the operating system, brought by apt where it is missing."""

import os
import shutil
import subprocess
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
    "runc": "runc",
    "util-linux": "unshare",
}


class PackagesMissing(Exception):
    """Programs are missing and cannot be brought; the message says what to do."""


def ensure_packages(say: Callable[[str], None]) -> None:
    """Install what is missing. Raises PackagesMissing."""
    missing = [package for package, file in PACKAGES.items() if not _is_there(file)]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise PackagesMissing(f"The node lacks programs. Install them as root (Debian: `{' '.join(command)}`).")
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
            raise PackagesMissing(f"`{' '.join(step)}` failed: {done.stderr.strip().splitlines()[-1:]}")


def _is_there(file: str | Path) -> bool:
    return file.exists() if isinstance(file, Path) else shutil.which(file) is not None
