"""Bounds of a transaction, and of the wait before a retry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactly_once.core.batching import BatchLimits, backoff


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_records": 0}, "max_records is 0; a transaction holds at least 1 record"),
        ({"max_bytes": 0}, "max_bytes is 0; a transaction holds at least 1 byte"),
        ({"max_age": 0.0}, "max_age is 0.0; give a number of seconds above 0"),
    ],
)
def test_a_limit_below_any_record_is_invalid(limits: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        BatchLimits(**limits)  # type: ignore[arg-type]


@given(st.integers(0, 10_000))
def test_waits_grow_and_stay_bounded(attempt: int) -> None:
    assert 0.1 <= backoff(attempt) <= backoff(attempt + 1) <= 5.0
