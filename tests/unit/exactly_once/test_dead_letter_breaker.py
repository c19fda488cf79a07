"""The breaker that pauses a partition over too many dead letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import BreakerPolicy
from exactly_once.core.dead_letter_breaker import GRAINS, DeadLetterBreaker

PARTITION, OTHER = ("in", 0), ("in", 1)
POLICY = BreakerPolicy(max_share=0.5, window=60, min_dead_letters=100)

batches = st.integers(1, 20_000).flatmap(lambda records: st.tuples(st.just(records), st.integers(0, records)))
pauses = st.floats(0, 120)
histories = st.lists(st.tuples(pauses, batches), max_size=40)
policies = st.builds(
    BreakerPolicy, max_share=st.floats(0.01, 1), window=st.floats(0.1, 600), min_dead_letters=st.integers(1, 1_000)
)


def after(
    policy: BreakerPolicy | None, history: list[tuple[float, tuple[int, int]]]
) -> tuple[DeadLetterBreaker, float]:
    """A breaker that has judged these batches and seen those committed that it admits."""
    breaker, now = DeadLetterBreaker(policy), 0.0
    for pause, (records, dead) in history:
        now += pause
        if breaker.admits(PARTITION, records, dead, now):
            breaker.committed(PARTITION, records, dead, now)
    return breaker, now


@given(policies, histories, st.integers(1, 20_000))
def test_a_batch_without_dead_letters_is_always_admitted(
    policy: BreakerPolicy, history: list[tuple[float, tuple[int, int]]], records: int
) -> None:
    breaker, now = after(policy, history)

    assert breaker.admits(PARTITION, records, 0, now)


@given(policies.filter(lambda policy: policy.max_share < 1), histories, st.integers(0, 20_000))
def test_a_batch_of_nothing_but_poison_above_the_minimum_is_never_admitted(
    policy: BreakerPolicy, history: list[tuple[float, tuple[int, int]]], more: int
) -> None:
    breaker, now = after(policy, history)
    poison = policy.min_dead_letters + more

    assert not breaker.admits(PARTITION, poison, poison, now)


@given(histories, batches)
def test_without_a_policy_everything_is_admitted(
    history: list[tuple[float, tuple[int, int]]], batch: tuple[int, int]
) -> None:
    breaker, now = after(None, history)

    assert breaker.admits(PARTITION, *batch, now)


@given(histories, batches)
def test_a_share_of_1_is_off(history: list[tuple[float, tuple[int, int]]], batch: tuple[int, int]) -> None:
    breaker, now = after(BreakerPolicy(max_share=1, min_dead_letters=1), history)

    assert breaker.admits(PARTITION, *batch, now)


@given(policies, histories)
def test_what_is_committed_of_a_window_never_has_more_dead_letters_than_the_limits_allow(
    policy: BreakerPolicy, history: list[tuple[float, tuple[int, int]]]
) -> None:
    breaker, now = DeadLetterBreaker(policy), 0.0
    for pause, (records, dead) in history:
        now += pause
        paused_before = breaker._window(PARTITION).paused
        if breaker.admits(PARTITION, records, dead, now):
            breaker.committed(PARTITION, records, dead, now)
            total, letters = breaker._window(PARTITION).sum()
            assert (
                letters < policy.min_dead_letters
                or letters <= policy.max_share * total
                or (paused_before and dead <= policy.max_share * records)
            )


@given(policies, histories)
def test_a_paused_partition_goes_on_with_the_first_batch_that_is_good_whatever_came_before(
    policy: BreakerPolicy, history: list[tuple[float, tuple[int, int]]]
) -> None:
    breaker, now = after(policy, history)
    poison = policy.min_dead_letters
    breaker.admits(PARTITION, poison, poison, now)

    assert breaker.admits(PARTITION, 1_000, int(policy.max_share * 1_000), now)


@pytest.mark.parametrize("size", [1, 7, 50, 99, 100, 1_000])
def test_of_a_thousand_bad_records_most_are_kept_from_the_dead_letter_topic(size: int) -> None:
    breaker, letters = DeadLetterBreaker(POLICY), 0
    for number in range(0, 1_000, size):
        if breaker.admits(PARTITION, size, size, number / 100):
            breaker.committed(PARTITION, size, size, number / 100)
            letters += size

    assert letters < 100


def test_a_busy_minute_of_good_records_does_not_open_the_way_for_a_flood_of_poison_in_small_batches() -> None:
    breaker, letters = DeadLetterBreaker(POLICY), 0
    for second in range(60):
        breaker.committed(PARTITION, 10_000, 0, float(second))
    for number in range(500):
        if breaker.admits(PARTITION, 10, 10, 61 + number / 50):
            breaker.committed(PARTITION, 10, 10, 61 + number / 50)
            letters += 10

    assert letters < 100


def test_a_handful_of_bad_records_in_a_quiet_topic_never_pauses_it() -> None:
    breaker = DeadLetterBreaker(POLICY)

    for hour in range(200):
        assert breaker.admits(PARTITION, 10, 10, hour * 3600.0)
        breaker.committed(PARTITION, 10, 10, hour * 3600.0)


def test_some_bad_records_among_many_good_ones_never_pause_a_partition() -> None:
    breaker = DeadLetterBreaker(POLICY)

    for second in range(1_000):
        assert breaker.admits(PARTITION, 1_000, 400, float(second))
        breaker.committed(PARTITION, 1_000, 400, float(second))


def test_a_small_rest_of_poison_does_not_slip_through_while_the_partition_is_paused() -> None:
    breaker = DeadLetterBreaker(POLICY)
    assert not breaker.admits(PARTITION, 1_000, 1_000, 0.0)

    for minute in range(1, 100):
        assert not breaker.admits(PARTITION, 50, 50, 60.0 * minute)


def test_a_command_admits_all_poison_until_good_records_prevail_once() -> None:
    breaker = DeadLetterBreaker(POLICY)
    assert not breaker.admits(PARTITION, 1_000, 1_000, 0.0)

    breaker.resume(PARTITION)
    for second in (1.0, 2.0, 3.0):
        assert breaker.admits(PARTITION, 1_000, 1_000, second)
        breaker.committed(PARTITION, 1_000, 1_000, second)
    breaker.committed(PARTITION, 3_000, 0, 4.0)

    assert not breaker.admits(PARTITION, 1_000, 1_000, 5.0)


def test_a_partition_that_was_resumed_and_is_good_again_pauses_over_the_next_poison() -> None:
    breaker = DeadLetterBreaker(POLICY)
    breaker.resume(PARTITION)
    breaker.committed(PARTITION, 10, 0, 0.0)

    assert not breaker.admits(PARTITION, 1_000, 1_000, 1.0)


def test_an_admitted_batch_whose_transaction_is_aborted_changes_nothing() -> None:
    breaker = DeadLetterBreaker(POLICY)
    assert not breaker.admits(PARTITION, 200, 200, 0.0)
    assert breaker.admits(PARTITION, 200, 100, 1.0)

    assert not breaker.admits(PARTITION, 50, 50, 2.0)


def test_partitions_are_judged_apart() -> None:
    breaker = DeadLetterBreaker(POLICY)
    assert not breaker.admits(PARTITION, 200, 200, 0.0)

    assert breaker.admits(OTHER, 50, 50, 0.0)


def test_a_partition_that_was_revoked_begins_anew() -> None:
    breaker = DeadLetterBreaker(POLICY)
    assert not breaker.admits(PARTITION, 200, 200, 0.0)

    breaker.forget(PARTITION)

    assert breaker.admits(PARTITION, 50, 50, 1.0)


def test_the_memory_of_a_partition_is_bounded_however_many_batches_are_committed() -> None:
    breaker = DeadLetterBreaker(POLICY)

    for number in range(20_000):
        breaker.committed(PARTITION, 1, 0, number / 100)

    assert len(breaker._window(PARTITION).counts) <= GRAINS + 1
