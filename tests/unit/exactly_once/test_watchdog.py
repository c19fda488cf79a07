"""The switch that ends a process whose loop is stuck."""

import subprocess
import sys

import pytest

ARMED = (
    "import ctypes, time; from exactly_once.watchdog import Watchdog; watchdog = Watchdog(0.5); watchdog.progress(); "
)


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "stuck",
    [
        pytest.param("time.sleep(50)", id="waiting"),
        pytest.param("ctypes.PyDLL(None).sleep(50)", id="holding-the-interpreters-lock"),
    ],
)
def test_a_stuck_process_ends_with_1_and_says_where_it_was(stuck: str) -> None:
    ended = run(ARMED + stuck)

    assert ended.returncode == 1
    assert "Timeout" in ended.stderr
    assert 'File "<string>", line 1 in <module>' in ended.stderr


def test_progress_keeps_the_process_alive() -> None:
    ended = run(ARMED + "[(time.sleep(0.1), watchdog.progress()) for _ in range(15)]; watchdog.disarm()")

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_loop_that_has_ended_is_not_stuck() -> None:
    ended = run(ARMED + "watchdog.disarm(); time.sleep(1)")

    assert (ended.returncode, ended.stderr) == (0, "")
