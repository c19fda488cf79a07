"""The audit's own rule for duplicates, against the engine's: never another verdict, and no verdict seldom only."""

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from exactly_once.core.key_window import KeyWindow as EngineWindow
from exactly_once.core.key_window import fingerprint, window_start
from heartzone_cli.audit.key_window import KeyWindow, Verdict

WINDOW = 8.0
KEYS = st.integers(min_value=0, max_value=5)
IN_ORDER = st.lists(st.tuples(KEYS, st.integers(min_value=0, max_value=3_000)), max_size=80)
JUMPING = st.lists(
    st.tuples(KEYS, st.one_of(st.integers(min_value=-9_000, max_value=9_000), st.sampled_from([-900_000, 3_600_000]))),
    max_size=80,
)


def records_of(steps: Sequence[tuple[int, int]]) -> list[tuple[bytes, int]]:
    """Keys and timestamps; each step is the time since the record before."""
    time, records = 5_000_000, []
    for key, step in steps:
        time = max(0, time + step)
        records.append((b"%d" % key, time))
    return records


def engine_verdicts(records: Sequence[tuple[bytes, int]], random: Random) -> list[bool]:
    """The decisions of a worker that commits, and of successors that read the window again, at random places."""
    window, verdicts = EngineWindow(WINDOW), []
    for number, (key, time) in enumerate(records):
        if random.random() < 0.1:
            start = window_start(WINDOW, time)
            begin = next(at for at, (_, earlier) in enumerate(records) if earlier >= start)
            window = EngineWindow(WINDOW)
            for earlier_key, earlier in records[begin:number]:
                window.add(fingerprint(earlier_key), earlier)
        verdicts.append(window.has(fingerprint(key), time))
        window.add(fingerprint(key), time)
        if random.random() < 0.3:
            window.forget_before(time)
    return verdicts


RANDOM = st.randoms(use_true_random=False)
MANY = settings(max_examples=200, derandomize=True)


@MANY
@given(IN_ORDER, RANDOM)
def test_where_timestamps_are_in_order_each_verdict_is_that_of_every_worker(
    steps: Sequence[tuple[int, int]], random: Random
) -> None:
    records = records_of(steps)
    window = KeyWindow(WINDOW, complete=True)

    found = [window.see(key, time) for key, time in records]

    expected = [Verdict.DUPLICATE if each else Verdict.FIRST for each in engine_verdicts(records, random)]
    assert found == expected


@MANY
@given(JUMPING, RANDOM)
def test_where_they_are_not_a_verdict_is_certain_or_none(steps: Sequence[tuple[int, int]], random: Random) -> None:
    records = records_of(steps)
    window = KeyWindow(WINDOW, complete=True)

    for (key, time), duplicate in zip(records, engine_verdicts(records, random), strict=True):
        verdict = window.see(key, time)
        assert verdict is Verdict.EITHER or (verdict is Verdict.DUPLICATE) == duplicate


@MANY
@given(IN_ORDER, st.integers(min_value=0, max_value=79), RANDOM)
def test_what_lies_before_the_first_record_is_never_assumed(
    steps: Sequence[tuple[int, int]], begin: int, random: Random
) -> None:
    records = records_of(steps)
    window = KeyWindow(WINDOW, complete=False)

    for (key, time), duplicate in list(zip(records, engine_verdicts(records, random), strict=True))[begin:]:
        verdict = window.see(key, time)
        assert verdict is Verdict.EITHER or (verdict is Verdict.DUPLICATE) == duplicate


def test_more_keys_than_it_may_keep_make_it_say_that_it_does_not_know() -> None:
    window = KeyWindow(WINDOW, complete=True, max_keys=2_000)

    first = [window.see(b"%d" % number, 1_000_000 + number) for number in range(5_000)]
    late = window.see(b"4999", 1_005_100), window.see(b"0", 1_005_100), window.see(b"new", 1_005_100)

    assert Verdict.DUPLICATE not in first
    assert late == (Verdict.DUPLICATE, Verdict.EITHER, Verdict.EITHER)


def test_keys_beyond_the_window_are_forgotten() -> None:
    window = KeyWindow(WINDOW, complete=True)
    for number in range(100_000):
        assert window.see(b"%d" % number, 1_000_000 + number * 20) is Verdict.FIRST

    assert window.kept < 4_000
