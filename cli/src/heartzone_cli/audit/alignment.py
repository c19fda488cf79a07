"""The beginning of a device, where its first readings or events may have been deleted. Pure.

Events that say the same cannot be told apart: the event of a deleted reading looks like that of a later one which is
still there, and the other way round. Only what follows tells where both logs begin to run alike. So the first of both
are remembered, and matched anew where a match turns out to have been a wrong guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heartzone_cli.audit.device import Actual, Expected

CERTAIN = 16
"""Matches in a row after which the beginning of a device is known, where no two events say the same."""
LONGEST = 64
"""Matches of a device after which its beginning is taken as it is."""
MAX_BEGINNINGS = 10_000
"""Devices whose beginning is remembered at a time, so that it takes no more memory."""
CLOCKS_DIFFER = 1_000
"""Milliseconds by which an event may be older than its record, where both are written at once on several machines."""


@dataclass(slots=True)
class Beginning:
    """Everything that is known of a device so far, in the order of the logs, and what was matched.

    `misordered` are matches out of order, unless matches before them were wrong.
    """

    expected: "list[Expected]" = field(default_factory=list)
    actual: "list[Actual]" = field(default_factory=list)
    pairs: "list[tuple[Expected, Actual]]" = field(default_factory=list)
    misordered: "list[tuple[Expected, Actual]]" = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether enough was matched."""
        count = len(self.pairs)
        if count >= LONGEST or count < CERTAIN or self.misordered:
            return count >= LONGEST
        return all(len({each.payload for each in side}) == len(side) for side in (self.expected, self.actual))

    def tell_links(self) -> None:
        """Let the partitions know what was matched."""
        for expected, actual in self.pairs:
            expected.source.matched(expected.offset, actual.sink.number, actual.offset)

    def guess(self) -> tuple[int, int] | None:
        """Say how many of both to leave out, so that what follows runs alike as far as it goes."""
        expected, actual = self.expected, self.actual
        if not expected or not actual:
            return None
        inputs_cut, outputs_cut = expected[0].source.cut, actual[0].sink.cut
        for left_out in range(max(len(expected), len(actual))):
            if inputs_cut and left_out < len(actual) and are_alike(expected, actual, 0, left_out):
                return 0, left_out
            if outputs_cut and left_out < len(expected) and are_alike(expected, actual, left_out, 0):
                return left_out, 0
        if inputs_cut and not any(fits(expected[0], each) for each in actual):
            return 0, len(actual)  # no event yet is of a reading that is still there
        return None

    def conclude(self) -> tuple[int, int] | None:
        """Say the same where both were read to their ends: they end alike."""
        expected = [each for each in self.expected if each.source.is_processed(each.offset)]
        surplus = len(self.actual) - len(expected)
        if not expected or not self.actual or not (expected[0].source.cut or self.actual[0].sink.cut):
            return None
        if surplus >= 0 and expected[0].source.cut and are_alike(expected, self.actual, 0, surplus):
            return 0, surplus
        if surplus <= 0 and self.actual[0].sink.cut and are_alike(expected, self.actual, -surplus, 0):
            return -surplus, 0
        return None


def are_alike(expected: "Sequence[Expected]", actual: "Sequence[Actual]", start: int, other_start: int) -> bool:
    """Whether both are the same from there on, as far as the shorter one goes."""
    length = min(len(expected) - start, len(actual) - other_start)
    return all(fits(expected[start + at], actual[other_start + at]) for at in range(length))


def fits(expected: "Expected", actual: "Actual") -> bool:
    """Whether an event may be the one that is expected."""
    return expected.payload == actual.payload and expected.optional <= actual.timestamp + CLOCKS_DIFFER
