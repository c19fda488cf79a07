"""Keys of a window of time, kept by parts of it: what is found, and what is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from exactly_once.core.key_window import KeyWindow, fingerprint, window_start

WINDOW = 600.0
WINDOW_MS = 600_000


@given(first=st.integers(0, 10**13), later=st.integers(0, 2 * WINDOW_MS))
def test_a_key_is_found_for_the_window_and_never_beyond_a_quarter_more(first: int, later: int) -> None:
    window = KeyWindow(WINDOW)
    window.add(fingerprint(b"k"), first)

    found = window.has(fingerprint(b"k"), first + later)

    if later <= WINDOW_MS:
        assert found
    elif later >= WINDOW_MS * 5 / 4:
        assert not found


def test_another_key_is_not_found() -> None:
    window = KeyWindow(WINDOW)
    window.add(fingerprint(b"k"), 1_000)

    assert not window.has(fingerprint(b"l"), 1_000)


def test_an_earlier_timestamp_finds_a_key_too() -> None:
    window = KeyWindow(WINDOW)
    window.add(fingerprint(b"k"), 10 * WINDOW_MS)

    assert window.has(fingerprint(b"k"), 9 * WINDOW_MS)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3 * WINDOW_MS)), max_size=30),
    st.integers(0, 3 * WINDOW_MS),
)
def test_what_is_forgotten_is_never_asked_for_from_that_time_on(kept: list[tuple[str, int]], now: int) -> None:
    whole, forgetful = KeyWindow(WINDOW), KeyWindow(WINDOW)
    for key, timestamp in kept:
        for each in (whole, forgetful):
            each.add(fingerprint(key.encode()), timestamp)

    forgetful.forget_before(now)

    for key in "abc":
        assert forgetful.has(fingerprint(key.encode()), now) == whole.has(fingerprint(key.encode()), now)
    assert all(timestamp >= window_start(WINDOW, now) for _, timestamp in kept) <= (len(forgetful) == len(whole))


def test_an_add_that_changed_something_can_be_undone() -> None:
    window = KeyWindow(WINDOW)

    assert window.add(fingerprint(b"k"), 5)
    assert not window.add(fingerprint(b"k"), 6)
    window.remove(fingerprint(b"k"), 5)

    assert not window.has(fingerprint(b"k"), 7)
    assert len(window) == 0
