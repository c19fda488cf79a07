"""The order of starting and stopping, and every way in which it is interrupted.

The parts stand for processes that take minutes; the real ones are in tests/e2e/test_up.py.
"""

import threading
from collections.abc import Iterator

import pytest

from heartzone_cli.up.errors import PartFailedError, StopRequestedError
from heartzone_cli.up.parts import Part
from heartzone_cli.up.stack import Stack
from heartzone_cli.up.stop_requests import StopRequests
from heartzone_testing.waiting import eventually

NEVER = 60.0


class Fake:
    """A part whose start and stop take until the test lets them, or until it is killed."""

    def __init__(self, name: str, events: list[str], *, starts: bool = True, stops: bool = True) -> None:
        self.name = name
        self.code: int | None = None
        self._events = events
        self._started, self._stopped, self.killed = threading.Event(), threading.Event(), threading.Event()
        if starts:
            self._started.set()
        if stops:
            self._stopped.set()

    def start(self) -> None:
        eventually(lambda: self._started.is_set() or self.killed.is_set(), f"{self.name} to start")
        if self.killed.is_set():
            raise PartFailedError(f"{self.name} ended while starting")

    def stop(self) -> None:
        eventually(lambda: self._stopped.is_set() or self.killed.is_set(), f"{self.name} to stop")
        self._events.append(f"{self.name} stopped")

    def kill(self) -> None:
        if not self.killed.is_set():
            self._events.append(f"{self.name} killed")
        self.killed.set()

    def exit_code(self) -> int | None:
        return self.code

    def log(self) -> str:
        return "first line\nlast line"


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def requests() -> StopRequests:
    """Without the signals, which belong to pytest here."""
    return StopRequests()


@pytest.fixture
def stack(requests: StopRequests, events: list[str]) -> Iterator[Stack]:
    made = Stack(requests, on_ready=lambda name: events.append(f"{name} ready"))
    yield made
    made.stop([])


def test_parts_stop_group_after_group(stack: Stack, events: list[str]) -> None:
    first, second = Fake("first", events), Fake("second", events)
    stack.launch([first])
    stack.await_parts([first])
    stack.launch([second])
    stack.await_parts([second])

    assert stack.stop([([second], NEVER), ([first], NEVER)])

    assert events == ["first ready", "second ready", "second stopped", "first stopped"]


def test_a_request_ends_a_start_and_kills_what_is_not_ready(
    stack: Stack, requests: StopRequests, events: list[str]
) -> None:
    ready, slow = Fake("ready", events), Fake("slow", events, starts=False)
    stack.launch([ready])
    stack.await_parts([ready])
    stack.launch([slow])
    requests.stop_requested = True

    with pytest.raises(StopRequestedError):
        stack.await_parts([slow])

    assert stack.stop([([slow], NEVER), ([ready], NEVER)])
    assert events == ["ready ready", "slow killed", "slow stopped", "ready stopped"]


def test_the_first_failure_of_a_start_is_raised_while_others_still_start(stack: Stack, events: list[str]) -> None:
    broken, slow = Fake("broken", events, starts=False), Fake("slow", events, starts=False)
    broken.killed.set()
    stack.launch([broken, slow])

    with pytest.raises(PartFailedError, match="broken ended while starting"):
        stack.await_parts([broken, slow])

    slow.kill()


def test_a_part_that_ends_by_itself_is_reported_with_its_last_log_lines(stack: Stack, events: list[str]) -> None:
    part: Fake = Fake("Kafka", events)
    parts: list[Part] = [part]
    stack.launch(parts)
    stack.await_parts(parts)
    part.code = 3

    with pytest.raises(PartFailedError) as failure:
        stack.watch()

    assert str(failure.value) == (
        "Kafka has ended by itself (exit code 3); its last log lines:\n  first line\n  last line"
    )


def test_a_failure_of_a_call_is_raised_and_its_result_is_returned(stack: Stack) -> None:
    assert stack.call(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        stack.call(lambda: 1 // 0)


def test_a_part_that_has_not_stopped_by_its_deadline_is_killed(stack: Stack, events: list[str]) -> None:
    hung, good = Fake("hung", events, stops=False), Fake("good", events)
    stack.launch([hung, good])
    stack.await_parts([hung, good])
    events.clear()

    assert stack.stop([([hung], 0.1), ([good], NEVER)])

    assert events == ["hung killed", "hung stopped", "good stopped"]


def test_a_second_request_kills_at_once(stack: Stack, requests: StopRequests, events: list[str]) -> None:
    hung = Fake("hung", events, stops=False)
    stack.launch([hung])
    stack.await_parts([hung])
    requests.kill_requested = True

    assert stack.stop([([hung], NEVER)])

    assert "hung killed" in events


def test_a_call_that_does_not_end_is_reported_and_not_waited_for(
    stack: Stack, requests: StopRequests, events: list[str]
) -> None:
    release = threading.Event()
    requests.stop_requested = True
    with pytest.raises(StopRequestedError):
        stack.call(lambda: release.wait(NEVER))

    assert not stack.stop([])

    release.set()
