"""A watch repeats its check by itself, and logs each change once."""

import queue

import pytest
from structlog.testing import capture_logs

from heartzone_producer.writing.watch import Watch
from heartzone_testing.waiting import eventually


def test_it_logs_a_failed_check_and_then_a_passed_one() -> None:
    responses: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    watch = Watch("thing", responses.get, interval=60)
    with capture_logs() as logs:
        watch.start()
        for response in ("it is unavailable", "it is unavailable", None):
            responses.put(response)
            watch.check_now()
            eventually(responses.empty, "the response to be taken")
        eventually(lambda: watch.problem is None, "the check to pass")
        watch.stop()

    assert [(entry["event"], entry.get("reason")) for entry in logs] == [
        ("check_failed", "it is unavailable"),
        ("check_passed", None),
    ]


@pytest.mark.parametrize("failure", [ValueError("no"), RuntimeError("no")])
def test_a_check_that_raises_is_a_problem_and_logged_once(failure: Exception) -> None:
    checks: queue.SimpleQueue[None] = queue.SimpleQueue()

    def check() -> str | None:
        checks.put(None)
        raise failure

    watch = Watch("thing", check, interval=60)
    with capture_logs() as logs:
        watch.start()
        for _ in range(3):
            checks.get(timeout=10)
            watch.check_now()
        eventually(lambda: "the check itself failed" in (watch.problem or ""), "the problem")
        watch.stop()

    assert [entry["event"] for entry in logs] == ["check_crashed", "check_failed"]
