"""The watch over what may be away: it sees changes by itself, and tells each once."""

import queue
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from heartzone_producer.writing.watch import Watch


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_reports_what_is_missing_and_then_that_it_is_there() -> None:
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    watch = Watch("thing", answers.get, interval=60)
    with capture_logs() as logs:
        watch.start()
        for answer in ("it is away", "it is away", None):
            answers.put(answer)
            watch.look_now()
            _eventually(answers.empty)
        _eventually(lambda: watch.problem is None)
        watch.stop()

    assert [(entry["event"], entry.get("reason")) for entry in logs] == [("missing", "it is away"), ("found", None)]


@pytest.mark.parametrize("failure", [ValueError("no"), RuntimeError("no")])
def test_a_check_that_fails_is_a_problem_and_told_once(failure: Exception) -> None:
    looks: queue.SimpleQueue[None] = queue.SimpleQueue()

    def check() -> str | None:
        looks.put(None)
        raise failure

    watch = Watch("thing", check, interval=60)
    with capture_logs() as logs:
        watch.start()
        for _ in range(3):
            looks.get(timeout=10)
            watch.look_now()
        _eventually(lambda: "the check itself failed" in (watch.problem or ""))
        watch.stop()

    assert [entry["event"] for entry in logs] == ["look_failed", "missing"]
