"""The switch that ends a process whose loop is stuck."""

import subprocess
import sys
from typing import Any

import pytest

from exactly_once import Worker, WorkerConfig

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


def worker(transaction_timeout: float, **options: Any) -> Worker:
    config = WorkerConfig(
        input_topics=["in"],
        group_id="group",
        transactional_id="group-0",
        connection={"bootstrap.servers": "localhost:1"},
        transaction_timeout=transaction_timeout,
    )
    return Worker(config, lambda record: [], **options)


def test_a_worker_has_a_watchdog_unless_it_is_switched_off() -> None:
    assert worker(10).progress_limit == 90
    assert worker(10, watchdog=None).progress_limit is None


def test_a_watchdog_that_would_end_workers_which_only_wait_is_an_error() -> None:
    with pytest.raises(ValueError, match="watchdog is 90 s; with transaction_timeout at 60 s it takes at least 160 s"):
        worker(60)
    assert worker(60, watchdog=160).progress_limit == 160
    assert worker(60, watchdog=None).progress_limit is None
