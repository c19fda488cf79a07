"""A device in an audit: what is pending of it, and how its last matches lie. Pure."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from heartzone_cli.audit.alignment import Beginning
from heartzone_cli.audit.partitions import Sink, Source

SEARCHED = 2_000
"""Pending events of a device among which one is looked for."""


DOUBTFUL = 1_000
"""Matches of a device that was found in several partitions among which equal ones are not judged at a cut."""


class Expected(NamedTuple):
    """An event that a record of the input gives. `optional`: whether that may be a duplicate.

    `not_before`: the record's timestamp in milliseconds, where an older event may be one of a record before that said
    the same and is deleted; else 0.
    """

    payload: bytes
    source: Source
    offset: int
    optional: bool
    not_before: int


class Actual(NamedTuple):
    """An event of the output; `round`: when it was read."""

    payload: bytes
    sink: Sink
    offset: int
    timestamp: int
    round: int


@dataclass(slots=True)
class Leap:
    """The last match of a device, where it passed over others: from `base` on, of its side."""

    base: int
    expected: Expected
    actual: Actual


class Device:
    """What is pending of a device, in the order of the logs; the first `skipped`, or `passed`, were passed over."""

    __slots__ = (
        "actual",
        "beginning",
        "doubts",
        "expected",
        "first_reading",
        "home",
        "home_offset",
        "home_time",
        "misordered",
        "over_actual",
        "over_expected",
        "passed",
        "rematched_from",
        "scattered",
        "skipped",
        "source",
        "tangled",
    )

    def __init__(self) -> None:
        self.expected: deque[Expected] = deque()
        self.actual: list[Actual] = []
        self.skipped = 0
        self.passed = 0
        self.over_expected: Leap | None = None
        self.over_actual: Leap | None = None
        self.rematched_from = SEARCHED
        """How many events may be pending before both sides are matched anew."""
        self.tangled = False
        """Whether anything is pending beside expected events in order."""
        self.scattered = False
        """Whether its records are in several partitions of a topic, between which there is no order."""
        self.doubts = 0
        """How many more matches may be guesses, where it is scattered and first records are deleted."""
        self.beginning: Beginning | None = None
        """What is known of it, while that may have to be matched anew."""
        self.misordered: list[tuple[Expected, Actual]] = []
        """Matches out of order, unless its records turn out to be in several partitions."""
        self.first_reading: int | None = None
        """The first offset of the input of which there is an event at home."""
        self.source: Source | None = None
        self.home: Sink | None = None
        self.home_offset = -1
        self.home_time = 0

    def scatter(self) -> None:
        """Its records are in several partitions: what was passed over is not out of order."""
        if not self.scattered:
            self.doubts = DOUBTFUL
        self.scattered = self.tangled = True
        self.skipped = self.passed = 0
        self.over_expected = self.over_actual = None
        self.misordered.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing is pending."""
        return not self.expected and not self.actual


def advance(device: Device, skipped: int, passed: int, expected: Expected, actual: Actual) -> None:
    """The latest match in order is this one: what is pending before it on either side was passed over."""
    if device.scattered:
        device.skipped = device.passed = 0
        forget_leaps(device)
        return
    device.over_expected = Leap(device.skipped, expected, actual) if skipped > device.skipped else None
    device.over_actual = Leap(device.passed, expected, actual) if passed > device.passed else None
    device.skipped, device.passed = skipped, passed


def forget_leaps(device: Device) -> None:
    """What was passed over is no longer what it was."""
    device.over_expected = device.over_actual = None


def note(device: Device) -> None:
    """Note whether the next event may be taken without a look at anything but the next expected one."""
    device.tangled = bool(device.scattered or device.skipped or device.actual or device.beginning)
