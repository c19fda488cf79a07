"""Calls that are waited for so long and no longer."""

from threading import Event, current_thread

import pytest

from exactly_once.clients.bounded_calls import BoundedCalls, returned_within


def test_a_call_that_returns_in_time_has_returned() -> None:
    closed = Event()

    assert returned_within(60, closed.set)
    assert closed.is_set()


def test_a_call_that_never_returns_is_left_to_a_thread_that_ends_with_the_process() -> None:
    never, daemon = Event(), Event()

    def close() -> None:
        if current_thread().daemon:
            daemon.set()
        never.wait()

    assert not returned_within(0.01, close)
    assert daemon.wait(60)
    never.set()


def test_what_a_call_raises_is_raised() -> None:
    def close() -> None:
        raise RuntimeError("the client is gone")

    with pytest.raises(RuntimeError, match="the client is gone"):
        returned_within(60, close)


def test_one_thread_makes_all_calls_in_their_order() -> None:
    calls, threads = BoundedCalls(), []

    for _ in range(3):
        assert calls.returned_within(60, lambda: threads.append(current_thread()))
    calls.end()

    assert len(set(threads)) == 1
    threads[0].join(60)
    assert not threads[0].is_alive()
