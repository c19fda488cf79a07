"""Running a command in a world of its own, of which nothing is left when it ends, whatever ends it.

The world is a set of Linux namespaces without names: processes, mounts, network. They live as long as the first
process in them, which the kernel kills when ours dies. With it go all other processes, daemons and containers included,
and with the last process go the mounts, the devices and the firewall's rules. Names somebody would have to remove.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

from kubernetes_node.isolation.runs import Run

GRACE_S = 20
ENDING = (signal.SIGTERM, signal.SIGHUP)


class TerminatedError(Exception):
    """A signal requests this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def end_on_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise TerminatedError, once, so that what the block has made is cleaned up."""
    for number in ENDING:
        signal.signal(number, _raise_terminated)
    try:
        yield
    finally:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)


def run_isolated(run: Run, command: Sequence[str | Path]) -> int:
    """Run the command in a new world, as root, and return its exit code.

    On Ctrl-C the command, which gets the signal from the terminal too, has time to end by itself. Another Ctrl-C
    ends it, and so does any exception here.
    """
    outside = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--fork", "--kill-child=KILL", "--pid", "--mount-proc", "--mount", "--net"),
            *(sys.executable, "-m", "kubernetes_node.isolation.first_process", run.directory, *command),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        return _await(outside)
    finally:
        _end(outside)


def _await(outside: "subprocess.Popen[bytes]") -> int:
    try:
        return outside.wait()
    except KeyboardInterrupt:
        try:
            return outside.wait(GRACE_S)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            return 128 + signal.SIGINT


def _end(outside: "subprocess.Popen[bytes]") -> None:
    """Kill the world's first process, and wait: `unshare` ends when the kernel has ended all the others."""
    if outside.poll() is None:
        for child in psutil.Process(outside.pid).children():
            child.kill()
        outside.wait()


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)  # from here on it is cleaned up
    raise TerminatedError(number)
