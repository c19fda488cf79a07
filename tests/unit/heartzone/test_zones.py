from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heartzone.zones import Zone, zone_of

heart_rates = st.integers(0, 2**31 - 1)
maximums = st.integers(1, 2**31 - 1)


def exact_zone(heart_rate: int, max_heart_rate: int) -> Zone:
    """The rule as the design words it, in exact fractions."""
    share = Fraction(heart_rate, max_heart_rate)
    borders = [Fraction(5, 10), Fraction(6, 10), Fraction(7, 10), Fraction(8, 10), Fraction(9, 10)]
    return Zone(sum(share >= border for border in borders))


@given(heart_rates, maximums)
def test_zone_is_exact_for_every_heart_rate_and_maximum(heart_rate: int, max_heart_rate: int) -> None:
    assert exact_zone(heart_rate, max_heart_rate) == zone_of(heart_rate, max_heart_rate)


@given(st.integers(1, 2**31 // 10 - 1), st.integers(5, 9), st.integers(-1, 1))
@example(20, 7, 0)
@example(20, 7, -1)
def test_zone_is_exact_at_and_beside_every_border(tenth: int, tenths: int, offset: int) -> None:
    heart_rate, max_heart_rate = tenth * tenths + offset, tenth * 10

    assert exact_zone(heart_rate, max_heart_rate) == zone_of(heart_rate, max_heart_rate)


def test_zone_is_exact_for_every_heart_rate_that_a_heart_can_have() -> None:
    for max_heart_rate in range(1, 256):
        for heart_rate in range(300):
            assert exact_zone(heart_rate, max_heart_rate) == zone_of(heart_rate, max_heart_rate)


@pytest.mark.parametrize(
    ("heart_rate", "max_heart_rate", "zone"),
    [
        pytest.param(99, 200, Zone.NONE, id="below-half-is-none"),
        pytest.param(100, 200, Zone.ZONE1, id="half-is-the-first"),
        pytest.param(140, 200, Zone.ZONE3, id="seven-tenths-is-the-third"),
        pytest.param(180, 200, Zone.ZONE5, id="nine-tenths-is-the-fifth"),
        pytest.param(250, 200, Zone.ZONE5, id="above-the-maximum-is-the-fifth"),
        pytest.param(0, 200, Zone.NONE, id="zero-is-none"),
    ],
)
def test_zone_by_share_of_the_maximum(heart_rate: int, max_heart_rate: int, zone: Zone) -> None:
    assert zone == zone_of(heart_rate, max_heart_rate)
