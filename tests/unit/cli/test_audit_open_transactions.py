"""Transactions that hang, by the offsets of a partition over time."""

from heartzone_cli.audit.open_transactions import OpenTransactions

PARTITION = ("out", 0)


def test_a_last_stable_offset_that_stands_before_the_end_for_too_long_is_found_once() -> None:
    transactions = OpenTransactions(10.0)

    found = [transactions.observe(PARTITION, 5, 9, now) for now in (0.0, 9.9, 10.0, 20.0)]

    assert found == [False, False, True, False]
    assert transactions.hanging == {PARTITION}
    assert transactions.open == {}


def test_one_that_moves_or_reaches_the_end_is_of_transactions_that_end() -> None:
    transactions = OpenTransactions(10.0)

    moving = [transactions.observe(PARTITION, int(now), 1_000, now) for now in (0.0, 8.0, 16.0, 24.0)]
    assert transactions.open == {PARTITION: 24}
    ended = [transactions.observe(PARTITION, at, 1_000, now) for at, now in ((1_000, 30.0), (1_000, 90.0))]

    assert [*moving, *ended] == [False] * 6
    assert transactions.open == {}


def test_one_that_hangs_and_is_aborted_may_hang_again() -> None:
    transactions = OpenTransactions(10.0)

    found = [
        transactions.observe(PARTITION, offset, 9, now)
        for offset, now in ((5, 0.0), (5, 11.0), (9, 12.0), (7, 13.0), (7, 24.0))
    ]

    assert found == [False, True, False, False, True]
