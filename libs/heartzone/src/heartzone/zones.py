"""The zone rule: how hard a heart works, as a share of its maximum. Pure, and exact at every border."""

from bisect import bisect
from enum import IntEnum
from functools import lru_cache


class Zone(IntEnum):
    """Heart-rate zones; the numbers are what messages carry."""

    NONE = 0
    ZONE1 = 1
    ZONE2 = 2
    ZONE3 = 3
    ZONE4 = 4
    ZONE5 = 5


# Tenths of the maximum at which a zone begins, from the first zone on.
_TENTHS = range(5, 10)


def zone_of(heart_rate: int, max_heart_rate: int) -> Zone:
    """The zone of a heart rate (beats a minute, 0 or more) for a maximum (1 or more).

    A border belongs to the zone above it: 100 of 200 is ZONE1, 140 of 200 is ZONE3. Above the maximum is ZONE5, too.
    """
    return Zone(bisect(zone_borders(max_heart_rate), heart_rate))


@lru_cache(maxsize=512)
def zone_borders(max_heart_rate: int) -> tuple[int, ...]:
    """The least heart rate of each zone, from ZONE1 on: ``bisect`` of it and a heart rate is the number of its zone.

    Whole numbers only, because 140 / 200 is a little less than 0.7 to a computer, and 0.7 * 200 a little less than 140.
    """
    return tuple(-(-max_heart_rate * tenths // 10) for tenths in _TENTHS)  # rounded up
