"""Closing clients within a time."""

from threading import Event, current_thread

import pytest

from exactly_once.clients.closing import closed_within


def test_what_closes_in_time_is_closed() -> None:
    closed = Event()

    assert closed_within(60, closed.set)
    assert closed.is_set()


def test_what_never_closes_is_left_to_a_thread_that_ends_with_the_process() -> None:
    never, daemon = Event(), Event()

    def close() -> None:
        if current_thread().daemon:
            daemon.set()
        never.wait()

    assert not closed_within(0.01, close)
    assert daemon.wait(60)
    never.set()


def test_what_closing_raises_is_raised() -> None:
    def close() -> None:
        raise RuntimeError("the client is gone")

    with pytest.raises(RuntimeError, match="the client is gone"):
        closed_within(60, close)
