"""The first process of the node's world: ``python -m kubernetes_node.isolation.first_process RUN_DIRECTORY COMMAND…``.

It runs as process 1 of new namespaces for processes, mounts and network, finishes that world, runs the command in it
and buries orphans, as a first process must. When it ends, the kernel ends all others.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from kubernetes_node.isolation import cgroups
from kubernetes_node.isolation.runs import Run
from kubernetes_node.networking import network

# Folders that programs of the node write to, whatever their settings: here each is a tmpfs of its own.
PRIVATE = ("/run", "/var/log")
# Settings of the whole machine that kubelet insists on: it gets to see, and to change, copies.
KERNEL_SETTINGS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)

RESOLV_CONF = Path("/run/resolv.conf")


def main() -> None:
    """Set up, run the command to its end, and end with its code."""
    run, command = Run(Path(sys.argv[1])), sys.argv[2:]
    # A handler that does nothing, where ignoring would be inherited: Ctrl-C is for the command.
    signal.signal(signal.SIGINT, lambda *_: None)
    cgroups.enter(run.name)
    network.set_up()
    _cover(run)
    _use_the_cluster_s_names()
    child = subprocess.Popen(command)
    while True:
        pid, status = os.wait()
        if pid == child.pid:
            sys.exit(os.waitstatus_to_exitcode(status) % 256)


def _cover(run: Run) -> None:
    for folder in PRIVATE:
        _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    copies = run.directory / "kernel-settings"
    copies.mkdir()
    for name in KERNEL_SETTINGS:
        setting = Path("/proc/sys") / name
        copy = copies / name.replace("/", ".")
        copy.write_text(setting.read_text())
        _mount("--bind", str(copy), str(setting))


def _use_the_cluster_s_names() -> None:
    RESOLV_CONF.write_text(network.RESOLV_CONF)
    _mount("--bind", str(RESOLV_CONF), "/etc/resolv.conf")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
