"""Proof that the request that ends a transaction was sent once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactly_once.core.transaction_ends import TransactionEnds, end_requests

QUICK, SLOW = 0.001, 0.5
BACKOFF = 0.02


@pytest.mark.parametrize(("seconds", "repeated"), [(0.0, False), (0.0159, False), (0.016, None), (3.0, None)])
def test_an_end_that_is_over_before_a_second_request_could_be_sent_was_sent_once(
    seconds: float, repeated: bool | None
) -> None:
    """librdkafka waits for 80 % of the back-off at least."""
    ends = TransactionEnds(BACKOFF)
    ends.begun()
    ends.ended(seconds, requested=True)

    assert ends.repeated is repeated


@given(st.lists(st.tuples(st.sampled_from([QUICK, SLOW]), st.integers(0, 3), st.booleans())))
def test_no_request_that_was_sent_twice_passes_for_one(history: list[tuple[float, int, bool]]) -> None:
    """Whatever transactions there were before: quick and slow ones, aborts that no broker knew, with statistics or not.

    A producer is replaced as soon as one of its transactions may not have ended with one request.
    """
    ends, total = TransactionEnds(BACKOFF), 0
    for seconds, requests, reported in history:
        ends.begun()
        sent = min(requests, 1) if seconds == QUICK else requests
        total += sent
        ends.ended(seconds, requested=sent > 0)
        if reported or ends.repeated is None:
            ends.reported(total)
        if sent > 1:
            assert ends.repeated is True
        if ends.repeated:
            return


@given(st.lists(st.tuples(st.sampled_from([QUICK, SLOW]), st.booleans())))
def test_commits_of_one_request_each_are_clean_however_long_they_take(history: list[tuple[float, bool]]) -> None:
    ends = TransactionEnds(BACKOFF)
    for sent, (seconds, reported) in enumerate(history, 1):
        ends.begun()
        ends.ended(seconds, requested=True)
        if reported or ends.repeated is None:
            ends.reported(sent)
        assert ends.repeated is False


def test_requests_are_counted_over_all_brokers_that_were_sent_any() -> None:
    statistics: dict[str, Any] = {
        "brokers": {"a:1/1": {"req": {"Produce": 7}}, "TxnCoordinator": {"req": {"EndTxn": 2}}, "b": {"req": {}}}
    }

    assert end_requests(statistics) == 2
