"""Child processes end with their parent, whatever ends it, and obey their parent until then."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from embedded_kafka.processes import ChildProcess, Tie
from heartzone_testing.waiting import eventually

TIES: list[Tie] = ["pdeathsig", "watch"] if sys.platform == "linux" else ["watch"]
SLEEP = ["sleep", "600"]

PARENT = """
import os, signal, sys, time
from pathlib import Path
from embedded_kafka.processes import ChildProcess

child = ChildProcess.start(["sleep", "600"], log_file=Path(sys.argv[1]) / "child.log", tie=sys.argv[2])
if sys.argv[3] == "paused":
    child.pause()
print(child.pid, flush=True)
time.sleep(600)
"""


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(params=TIES)
def tie(request: pytest.FixtureRequest) -> Tie:
    tie: Tie = request.param
    return tie


@pytest.fixture
def start(tmp_path: Path, tie: Tie) -> Iterator[Callable[..., ChildProcess]]:
    started: list[ChildProcess] = []

    def start(*argv: str) -> ChildProcess:
        child = ChildProcess.start(argv or SLEEP, log_file=tmp_path / "child.log", tie=tie)
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()


@pytest.mark.parametrize("state", ["running", "paused"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_child_ends_when_a_signal_ends_its_parent(
    tmp_path: Path, tie: Tie, number: signal.Signals, state: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), tie, state],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())

        parent.send_signal(number)

        eventually(lambda: has_ended(pid), "the child to end")


def test_a_child_outlives_the_thread_that_started_it(start: Callable[..., ChildProcess]) -> None:
    children: list[ChildProcess] = []
    thread = threading.Thread(target=lambda: children.append(start()))
    thread.start()
    thread.join()

    eventually(lambda: psutil.Process(children[0].pid).name() == "sleep", "the program to start")
    assert children[0].poll() is None


def test_a_child_can_be_started_after_a_fork_of_the_parent(tmp_path: Path, tie: Tie) -> None:
    program = f"""
import os, sys
from pathlib import Path
from embedded_kafka.processes import ChildProcess

log = Path({str(tmp_path)!r}) / "child.log"
assert ChildProcess.start(["true"], log_file=log, tie={tie!r}).wait(20) == 0
if os.fork() == 0:
    os._exit(ChildProcess.start(["true"], log_file=log, tie={tie!r}).wait(20))
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=False).returncode == 0


def test_the_exit_code_of_the_program_is_the_childs(start: Callable[..., ChildProcess]) -> None:
    assert start("sh", "-c", "exit 7").wait(20) == 7


def test_a_program_that_does_not_exist_ends_with_127_and_says_so(start: Callable[..., ChildProcess]) -> None:
    child = start("no-such-program")

    assert child.wait(20) == 127
    assert child.tail() == "cannot run no-such-program: No such file or directory"


def test_terminate_lets_the_program_finish(start: Callable[..., ChildProcess]) -> None:
    child = start("sh", "-c", "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    eventually(lambda: child.tail() == "ready", "the program to be ready")

    assert child.terminate(grace=20) == 3
    assert child.tail(1) == "bye"


def test_terminate_kills_a_program_that_does_not_finish(start: Callable[..., ChildProcess]) -> None:
    child = start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    eventually(lambda: child.tail() == "ready", "the program to be ready")

    assert child.terminate(grace=0.1) == -signal.SIGKILL


def test_kill_reaches_what_the_program_started(start: Callable[..., ChildProcess]) -> None:
    child = start("sh", "-c", "sleep 600 & echo $!; wait")
    eventually(lambda: child.tail() != "", "the process id of the grandchild")
    grandchild = int(child.tail())

    child.kill()

    eventually(lambda: has_ended(grandchild), "the grandchild to end")


def test_a_paused_program_stands_still_until_it_is_resumed(start: Callable[..., ChildProcess]) -> None:
    child = start()

    child.pause()
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED, "the program to be paused")

    child.resume()
    eventually(lambda: psutil.Process(child.pid).status() != psutil.STATUS_STOPPED, "the program to run again")


def test_a_child_has_a_session_of_its_own_so_that_ctrl_c_reaches_the_parent_only(
    start: Callable[..., ChildProcess],
) -> None:
    child = start()

    assert os.getsid(child.pid) == child.pid != os.getsid(0)


def test_signals_to_a_child_that_has_ended_do_nothing(start: Callable[..., ChildProcess]) -> None:
    child = start("true")
    child.wait(20)

    child.pause()
    child.resume()
    child.request_stop()

    assert child.kill() == 0


def test_the_tail_of_a_log_starts_with_the_present_run(start: Callable[..., ChildProcess]) -> None:
    start("echo", "first").wait(20)
    second = start("echo", "second")
    second.wait(20)

    assert second.tail() == "second"
    assert second.log_file.read_text() == "first\nsecond\n"


def test_waiting_for_a_child_that_runs_on_is_a_timeout(start: Callable[..., ChildProcess]) -> None:
    with pytest.raises(TimeoutError, match="still runs"):
        start().wait(0.05)
