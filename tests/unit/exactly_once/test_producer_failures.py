"""Producers that fail in a row: the waits in between, and when to give up."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import FatalClientError, FencedError, RebuildReason
from exactly_once.core.producer_failures import ProducerFailures
from exactly_once.core.reasons import kafka_error_name

FENCED = kafka_error_name("_FENCED")
STATE = kafka_error_name("INVALID_TXN_STATE")


def test_the_first_replacement_comes_at_once_and_each_one_after_it_waits_longer_up_to_5_s() -> None:
    failures = ProducerFailures(100, "id")

    assert [failures.add(FENCED, 0) for _ in range(9)] == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]


def test_ten_in_a_row_take_at_least_20_s_before_the_next_one_ends_the_worker() -> None:
    failures, now = ProducerFailures(10, "id"), 0.0
    for _ in range(10):
        now += failures.add(FENCED, now)

    assert now > 20
    with pytest.raises(FencedError, match=r"fenced 11 times in a row.*another process uses transactional id id"):
        failures.add(FENCED, now)


def test_a_row_that_is_not_of_fencings_alone_accuses_nobody() -> None:
    failures = ProducerFailures(1, "id")
    failures.add(STATE, 0)

    with pytest.raises(FatalClientError, match="failed 2 times in a row, last with fenced"):
        failures.add(FENCED, 0)


def test_a_claim_is_fenced_by_nobody() -> None:
    failures = ProducerFailures(1, "id")
    failures.add(FENCED, 0)

    with pytest.raises(FatalClientError, match="failed 2 times in a row, last with fenced"):
        failures.add(FENCED, 0, claimed=False)


def test_a_twin_is_found_out_although_every_producer_works_for_a_while() -> None:
    """Both wait before they claim the id again, up to 5 s each."""
    failures = ProducerFailures(10, "id")

    for turn in range(10):
        failures.add(FENCED, turn * 11.0)
    with pytest.raises(FencedError):
        failures.add(FENCED, 110.0)


@given(st.lists(st.floats(60.1, 1e6), min_size=20, max_size=40))
def test_a_producer_that_lives_for_more_than_a_minute_ends_the_row(lives: list[float]) -> None:
    failures = ProducerFailures(3, "id")

    assert {failures.add(FENCED, now) for now in itertools.accumulate(lives)} == {0}


@given(st.lists(st.sampled_from(list(RebuildReason)), min_size=20, max_size=40))
def test_timeouts_are_waited_out_for_ever(reasons: list[RebuildReason]) -> None:
    failures = ProducerFailures(3, "id")

    waits = [failures.add(reason, 0) for reason in reasons]

    assert waits == sorted(waits)
