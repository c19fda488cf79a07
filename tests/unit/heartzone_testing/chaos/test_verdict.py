"""The audit of a chaos campaign says nothing of a right log, and finds each damage where it is."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from heartzone_testing.chaos.oracle import Outcome, outcome_of
from heartzone_testing.chaos.verdict import Finding, Record, Wrong, findings

Log = dict[int, list[Record]]

inputs = st.dictionaries(
    st.integers(0, 3),
    st.lists(st.integers(0, 200), max_size=30).map(lambda numbers: [(n, b"%d" % v) for n, v in enumerate(numbers)]),
    max_size=3,
)


def right(log: Log, outcome: Outcome) -> Log:
    """What a right worker writes of this outcome."""
    found: Log = {}
    for partition, records in log.items():
        first = {value: offset for offset, value in reversed(records)}
        found[partition] = [(n, value) for n, value in records if first[value] == n and outcome_of(value) is outcome]
    return found


@given(inputs)
def test_nothing_is_wrong_with_what_a_right_worker_writes(log: Log) -> None:
    assert findings(log, right(log, Outcome.COPIED), right(log, Outcome.DEAD)) == []


INPUT: Log = {0: [(0, b"1"), (1, b"10"), (2, b"97"), (3, b"2"), (4, b"1"), (5, b"3")]}


def damaged(damage: Callable[[list[Record]], None], outcome: Outcome = Outcome.COPIED) -> list[Finding]:
    logs = {each: right(INPUT, each) for each in (Outcome.COPIED, Outcome.DEAD)}
    damage(logs[outcome][0])
    return findings(INPUT, logs[Outcome.COPIED], logs[Outcome.DEAD])


def test_a_copy_that_is_missing() -> None:
    assert damaged(lambda log: log.remove((3, b"2"))) == [Finding(Wrong.MISSING, "copies", 0, 3)]


def test_a_copy_that_is_there_twice() -> None:
    assert damaged(lambda log: log.append((3, b"2"))) == [Finding(Wrong.DOUBLED, "copies", 0, 3)]


def test_copies_in_another_order() -> None:
    assert damaged(lambda log: log.reverse()) == [
        Finding(Wrong.MISORDERED, "copies", 0, 3),
        Finding(Wrong.MISORDERED, "copies", 0, 0),
    ]


def test_copies_of_a_duplicate_of_a_record_without_output_and_of_nothing() -> None:
    assert damaged(lambda log: log.extend([(4, b"1"), (1, b"10"), (9, b"5")])) == [
        Finding(Wrong.UNEXPLAINED, "copies", 0, offset) for offset in (4, 1, 9)
    ]


def test_a_copy_of_another_value() -> None:
    def alter(log: list[Record]) -> None:
        log[1] = (3, b"4")

    assert damaged(alter) == [Finding(Wrong.MISSING, "copies", 0, 3), Finding(Wrong.UNEXPLAINED, "copies", 0, 3)]


def test_a_dead_letter_that_is_missing() -> None:
    assert damaged(lambda log: log.clear(), Outcome.DEAD) == [Finding(Wrong.MISSING, "dead letters", 0, 2)]
