"""The zone rule: how hard a heart works, as a share of its maximum. Pure, and exact at every border."""

from enum import IntEnum


class Zone(IntEnum):
    """Heart-rate zones; the numbers are what messages carry."""

    NONE = 0
    ZONE1 = 1
    ZONE2 = 2
    ZONE3 = 3
    ZONE4 = 4
    ZONE5 = 5


# Indexed by tenths of the maximum, rounded down: below 0.5 none, from 0.9 (also above the maximum) the fifth.
_BY_TENTH = (
    Zone.NONE,
    Zone.NONE,
    Zone.NONE,
    Zone.NONE,
    Zone.NONE,
    Zone.ZONE1,
    Zone.ZONE2,
    Zone.ZONE3,
    Zone.ZONE4,
    Zone.ZONE5,
)


def zone_of(heart_rate: int, max_heart_rate: int) -> Zone:
    """The zone of a heart rate (beats a minute, 0 or more) for a maximum (1 or more).

    A border belongs to the zone above it: 100 of 200 is ZONE1, 140 of 200 is ZONE3. Whole numbers only, because
    140 / 200 is a little less than 0.7 to a computer, and 0.7 * 200 a little less than 140.
    """
    tenths = heart_rate * 10 // max_heart_rate
    return _BY_TENTH[tenths] if tenths < 9 else Zone.ZONE5
