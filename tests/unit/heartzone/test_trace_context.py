"""Trace context (W3C) from header to header: what is passed on, and what is not."""

import pytest

from heartzone.trace_context import trace_headers, trace_id

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_is_passed_on_as_it_is() -> None:
    found = trace_headers(PARENT, b"a=1,b=2")

    assert found == [("traceparent", PARENT), ("tracestate", b"a=1,b=2")]
    assert trace_id(found) == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_without_a_parent_there_is_no_trace() -> None:
    assert trace_headers(None, b"a=1") == ()
    assert trace_id(()) is None


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + b"-more",
        PARENT + b" ",
        PARENT + b", " + PARENT,
        PARENT.replace(b"4bf92f3577b34da6a3ce929d0e0e4736", b"0" * 32),
        PARENT.replace(b"00f067aa0ba902b7", b"0" * 16),
        b"ff" + PARENT[2:],
        b"01" + PARENT[2:] + b"x",
    ],
)
def test_a_parent_that_cannot_be_followed_is_none(parent: bytes) -> None:
    assert trace_headers(parent, b"a=1") == ()


def test_a_later_version_may_have_more_fields() -> None:
    parent = b"01" + PARENT[2:] + b"-more"

    assert trace_headers(parent, None) == [("traceparent", parent)]


def test_a_state_that_is_too_long_is_left_out_and_the_parent_is_not() -> None:
    assert trace_headers(PARENT, b"a=" + b"x" * 511) == [("traceparent", PARENT)]
