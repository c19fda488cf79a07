"""The dead letters that are handled: ranges of offsets that stand beside a committed offset."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone_cli.dead_letters.handled import Handled, UnreadableRangesError

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(tuple), max_size=20)


@given(st.integers(0, 60), ranges)
def test_it_holds_what_was_added_and_nothing_else_whatever_the_order(before: int, added: list[tuple[int, int]]) -> None:
    handled = Handled(before)
    expected = set(range(before))
    for first, end in added:
        handled.add(first, end)
        expected |= set(range(first, end))

    assert {offset for offset in range(70) if offset in handled} == expected
    assert handled.before not in handled
    assert all(first < end for first, end in handled.ranges)
    assert all(earlier[1] < later[0] for earlier, later in pairwise([(0, handled.before), *handled.ranges]))
    assert Handled.from_text(handled.before, handled.text()) == handled


def test_a_copy_goes_its_own_way() -> None:
    handled = Handled(5, [(7, 9)])
    copy = handled.copy()
    copy.add(5, 7)

    assert (handled, copy) == (Handled(5, [(7, 9)]), Handled(9))


def test_without_ranges_there_is_no_text() -> None:
    assert Handled(7).text() == ""


def test_ten_thousand_letters_of_which_every_other_is_left_fit_beside_an_offset() -> None:
    assert len(Handled(3, [(offset, offset + 1) for offset in range(5, 10_005, 2)]).text()) < 200


@pytest.mark.parametrize("text", ["x", "eJwrSS0uAQAEXQHB", "eJwzBAAAMgAy", "eJwz0DECAAH2AS4="], ids=repr)
def test_a_text_of_somebody_else_is_an_error(text: str) -> None:
    with pytest.raises(UnreadableRangesError):
        Handled.from_text(0, text)
