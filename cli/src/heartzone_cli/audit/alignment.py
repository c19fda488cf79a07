"""The beginning of a device, where its first readings or events may have been deleted. Pure.

Events that say the same cannot be told apart: the event of a deleted reading looks like that of a later one which is
still there, and the other way round. Only what follows tells where both logs begin to run alike. So the first of both
are remembered, and matched anew where a match turns out to have been a wrong guess.
"""

from collections import Counter
from collections.abc import Container, Sequence
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
MAX_MATCHES = 150_000
"""Matches of all these devices together: where there are many, each has fewer. About 0.7 KB each."""


@dataclass(slots=True)
class Beginning:
    """Everything that is known of a device so far, in the order of the logs, and what was matched."""

    expected: "list[Expected]" = field(default_factory=list)
    actual: "list[Actual]" = field(default_factory=list)
    pairs: "list[tuple[Expected, Actual]]" = field(default_factory=list)

    @property
    def repeated(self) -> set[bytes]:
        """What several of the readings say, or several of the events."""
        sides = Counter(each.payload for each in self.expected), Counter(each.payload for each in self.actual)
        return {payload for side in sides for payload, count in side.items() if count > 1}

    def tell_links(self, *, but: Container[bytes] = ()) -> None:
        """Let the partitions know what was matched, `but` what may be matched wrongly."""
        for expected, actual in self.pairs:
            if expected.payload in but:
                expected.source.reached(expected.offset)
            else:
                expected.source.matched(expected.offset, actual.sink.number, actual.offset)

    def guess(self, *, inputs_cut: bool, outputs_cut: bool) -> tuple[int, int] | None:
        """Say how many of both to leave out, so that what follows runs alike as far as it goes."""
        expected, actual = self.expected, self.actual
        if not expected or not actual:
            return None
        for left_out in range(max(len(expected), len(actual))):
            if inputs_cut and left_out < len(actual) and are_alike(expected, actual, 0, left_out):
                return 0, left_out
            if outputs_cut and left_out < len(expected) and are_alike(expected, actual, left_out, 0):
                return left_out, 0
        if inputs_cut and not any(fits(expected[0], each) for each in actual):
            return 0, len(actual)  # no event yet is of a reading that is still there
        return None

    def conclude(self, *, inputs_cut: bool, outputs_cut: bool) -> tuple[int, int] | None:
        """Say the same where both were read to their ends: they end alike."""
        expected = [each for each in self.expected if each.source.is_processed(each.offset)]
        surplus = len(self.actual) - len(expected)
        if not expected or not self.actual:
            return None
        if surplus >= 0 and inputs_cut and are_alike(expected, self.actual, 0, surplus):
            return 0, surplus
        if surplus <= 0 and outputs_cut and are_alike(expected, self.actual, -surplus, 0):
            return -surplus, 0
        return None


def are_alike(expected: "Sequence[Expected]", actual: "Sequence[Actual]", start: int, other_start: int) -> bool:
    """Whether both are the same from there on, as far as the shorter one goes."""
    length = min(len(expected) - start, len(actual) - other_start)
    return all(fits(expected[start + at], actual[other_start + at]) for at in range(length))


def fits(expected: "Expected", actual: "Actual") -> bool:
    """Whether an event may be the one that is expected."""
    return expected.payload == actual.payload and (not expected.not_before or expected.not_before <= actual.timestamp)
