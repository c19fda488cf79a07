"""Whatever ends a run, nothing is left of its node: no process, mount, device, control group or file."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from heartzone_testing.waiting import eventually
from kubernetes_node.isolation.runs import new_run

IMPORTABLE = os.pathsep.join(path for path in sys.path if path)

# A node with a pod that would sleep on for an hour, as `make e2e` has one.
HOLD_A_NODE = """
import sys, time
from pathlib import Path
from kubernetes_node.nodes.own import own_node

POD = '''
apiVersion: v1
kind: Pod
metadata: {{name: sleeper}}
spec: {{containers: [{{name: sleep, image: {busybox}, command: [sleep, "3600"]}}]}}
'''
with own_node(Path(sys.argv[1]), {}) as node:
    with node.new_namespace() as name:
        kubectl = node.cluster.kubectl.within(name)
        kubectl.apply(POD.format(busybox=node.busybox))
        kubectl("wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s", timeout=70)
        (Path(sys.argv[1]) / "runs").touch()
        time.sleep(3600)
"""
# The same in a second: a daemon that has left its parent and its session, and a mount.
HOLD_A_DAEMON = """
import subprocess, sys, time
from pathlib import Path

subprocess.run(["mount", "-t", "tmpfs", "tmpfs", sys.argv[1] + "/kernel-settings"], check=True)
subprocess.run(["setsid", "--fork", "sleep", "3600"], check=True)
(Path(sys.argv[1]) / "runs").touch()
time.sleep(3600)
"""
RUN_ISOLATED = """
import sys
from kubernetes_node.isolation.linux_namespaces import end_on_signals, run_isolated
from kubernetes_node.isolation.runs import new_run

with end_on_signals(), new_run() as run:
    print(run.directory, flush=True)
    sys.exit(run_isolated(run, [sys.executable, "-c", sys.argv[1], run.directory]))
"""


@dataclass(frozen=True)
class Running:
    """A run in a process of its own, and the processes of its world."""

    process: "subprocess.Popen[str]"
    directory: Path
    world: list[psutil.Process]

    def end(self, number: signal.Signals) -> int:
        """Send the signal as a terminal or an operating system does: Ctrl-C reaches everything in the foreground."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.process.wait(60)

    def alive(self) -> list[psutil.Process]:
        return [each for each in self.world if each.is_running()]

    def mounts(self) -> list[str]:
        return [line for line in Path("/proc/self/mounts").read_text().splitlines() if self.directory.name in line]


def groups_of(directory: Path) -> list[Path]:
    """The run's control groups, in whatever hierarchies there are."""
    top = Path("/sys/fs/cgroup")
    return [group for group in (top / directory.name, *top.glob(f"*/{directory.name}")) if group.exists()]


def members_of(directory: Path) -> list[psutil.Process]:
    members = (file.read_text().split() for group in groups_of(directory) for file in group.rglob("cgroup.procs"))
    return [psutil.Process(pid) for pid in sorted({int(pid) for pids in members for pid in pids})]


def _sleeps(directory: Path) -> bool:
    """Whether the program has come to its end, and its `sleep` runs, which was something else before."""
    return (directory / "runs").exists() and "sleep" in {process.name() for process in members_of(directory)}


@pytest.fixture
def start() -> Iterator[Callable[[str], Running]]:
    """Start a run of a program and wait until it says that it runs."""
    started: list[subprocess.Popen[str]] = []

    def run(program: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN_ISOLATED, program],
            env=os.environ | {"PYTHONPATH": IMPORTABLE},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        directory = Path(process.stdout.readline().strip())
        eventually(lambda: _sleeps(directory) or process.poll() is not None, "the program to run", 120)
        assert process.poll() is None
        return Running(process, directory, members_of(directory))

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        with process:  # its output is closed, and it is waited for
            pass
    with new_run():  # which removes what a failed test has left
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_run_that_is_asked_to_end_leaves_nothing(start: Callable[[str], Running], number: signal.Signals) -> None:
    run = start(HOLD_A_DAEMON)
    assert "sleep" in {process.name() for process in run.world}
    assert groups_of(run.directory)

    assert run.end(number) != 0

    assert run.alive() == []
    assert groups_of(run.directory) == []
    assert run.mounts() == []
    assert not run.directory.exists()


def test_a_command_that_ends_by_itself_ends_the_daemons_it_has_left(tmp_path: Path) -> None:
    daemon = (
        f"import subprocess; subprocess.run(['setsid', '--fork', 'sh', '-c', 'echo $$ > {tmp_path}/pid; sleep 3600'])"
    )
    waiting = f"import time\nwhile not open('{tmp_path}/pid', 'a+').tell(): time.sleep(0.01)"

    done = subprocess.run(
        [sys.executable, "-c", RUN_ISOLATED, f"{daemon}\n{waiting}\nraise SystemExit(3)"],
        env=os.environ | {"PYTHONPATH": IMPORTABLE},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert groups_of(Path(done.stdout.strip())) == []
    assert not Path(done.stdout.strip()).exists()


def test_a_node_dies_with_a_run_that_is_killed_and_the_next_run_clears_away_the_rest(
    start: Callable[[str], Running],
) -> None:
    run = start(HOLD_A_NODE)
    names = {process.name() for process in run.world}
    assert {"etcd", "kube-apiserver", "kubelet", "containerd", "coredns", "sleep"} <= names, names

    run.end(signal.SIGKILL)

    eventually(lambda: run.alive() == [], "every process of the node to be gone")
    assert run.mounts() == []
    assert run.directory.exists()
    with new_run() as following:
        assert not run.directory.exists()
        assert groups_of(run.directory) == []
    assert not following.directory.exists()
