"""The dead letters of one partition that are handled: replayed or dropped. Pure.

They are kept with the committed offset of a group of their own. Everything before the offset is handled; what is
handled beyond it, because letters in between were left, stands beside the offset as ranges.
"""

import base64
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class UnreadableRangesError(ValueError):
    """The text beside a committed offset is not what this module writes."""


class Handled:
    """Offsets that are handled. Offsets without a dead letter, those of control records, may count as handled."""

    def __init__(self, before: int = 0, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """`before`: everything before this offset is handled. `ranges`: first offset, and the one behind the last."""
        # Starts and ends by turns, ascending; the first range has no start.
        self._bounds = [before]
        for first, end in ranges:
            self.add(first, end)

    @property
    def before(self) -> int:
        """Everything before this offset is handled, and a letter that is here is not."""
        return self._bounds[0]

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """What is handled beyond: first offset, and the one behind the last."""
        rest = self._bounds[1:]
        return list(zip(rest[::2], rest[1::2], strict=True))

    def __contains__(self, offset: int) -> bool:
        """Whether the letter at this offset is handled."""
        return bisect_right(self._bounds, offset) % 2 == 0

    def add(self, first: int, end: int) -> None:
        """Everything from `first` to before `end` is handled, too."""
        if first >= end:
            return
        bounds = self._bounds
        at, behind = bisect_left(bounds, first), bisect_right(bounds, end)
        # After an even number of bounds what follows is handled, and needs neither a start nor an end here.
        bounds[at:behind] = [*([first] if at % 2 else []), *([end] if behind % 2 else [])]

    def copy(self) -> "Handled":
        """Return another one with the same offsets."""
        other = Handled()
        other._bounds = self._bounds[:]
        return other

    def text(self) -> str:
        """The ranges as a text of letters, digits, `-`, `_` and `=`; empty without any."""
        rest = self._bounds[1:]
        if not rest:
            return ""
        steps = [later - earlier for earlier, later in zip(self._bounds, rest, strict=False)]
        return base64.urlsafe_b64encode(zlib.compress(",".join(map(str, steps)).encode(), 9)).decode()

    @classmethod
    def from_text(cls, before: int, text: str) -> "Handled":
        """Read what `text` has written. Raises UnreadableRangesError."""
        if not text:
            return cls(before)
        try:
            steps = [int(each) for each in zlib.decompress(base64.urlsafe_b64decode(text)).decode().split(",")]
        except (ValueError, zlib.error) as error:
            raise UnreadableRangesError(str(error)) from error
        if len(steps) % 2 or min(steps) < 1:
            raise UnreadableRangesError("its numbers are no ranges")
        bounds = [before]
        for step in steps:
            bounds.append(bounds[-1] + step)
        return cls(before, zip(bounds[1::2], bounds[2::2], strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handled) and self._bounds == other._bounds

    __hash__ = None  # type: ignore[assignment] # it changes

    def __repr__(self) -> str:
        return f"Handled({self.before}, {self.ranges})"
