"""Duplicates by the published rule: a function of the input log (docs/decisions/0010). Pure.

A record is one whose key an earlier record of its partition has that is at most four quarters of the window older, by
the quarters that their timestamps fall into. Where timestamps are out of order by more than a quarter, or where the
log before is not known, both is right.

Keys take up to 17 bytes in a table instead of 100 in a dictionary: the window of a backlog may hold millions.
"""

from array import array
from enum import Enum
from math import ceil

QUARTERS = 4
_PART_BITS = 10
_PARTS = 1 << _PART_BITS
_FINGERPRINT = (1 << 64) - _PARTS
_LOAD = 0.7
_SLOTS_A_KEY = 2.1
_FIRST_SLOTS = 1024


class Verdict(Enum):
    """What a worker takes a record for."""

    FIRST = "first"
    DUPLICATE = "duplicate"
    EITHER = "either"


class KeyWindow:
    """The keys of one partition of the input, in the order of the log.

    `complete`: nothing was before the first record. `max_keys`: how many are kept at most; when there are more in a
    window, the oldest are forgotten, and records that might be copies of these may be either.
    """

    def __init__(self, seconds: float, *, complete: bool, max_keys: int = 4_000_000) -> None:
        self._length = max(1, ceil(seconds * 1000 / QUARTERS))
        self._complete = complete
        self._max_keys = max_keys
        self._slots = array("Q", bytes(8)) * _FIRST_SLOTS
        self._used = 0
        self._room = int(_LOAD * _FIRST_SLOTS)
        self._base: int | None = None
        self._latest = 0
        self._lateness = 0
        self._unknown_before = -(1 << 62)

    @property
    def kept(self) -> int:
        """How many keys it has at present."""
        return self._used

    def see(self, key: bytes, timestamp: int) -> Verdict:
        """Say what a record with this key is, and know the key from now on. `timestamp`: milliseconds."""
        part = timestamp // self._length
        if self._base is None:
            self._begin(part)
        base = self._base or 0
        if part <= base:
            self._unknown_before = max(self._unknown_before, part + 1)
            return Verdict.EITHER
        if part >= base + _PARTS:
            self._rebuild(part)
            base = self._base or 0
        if part > self._latest:
            self._latest = part
        elif self._latest - part > self._lateness:
            self._lateness = self._latest - part
        oldest, stored = part - QUARTERS, part - base
        slots, size = self._slots, len(self._slots)
        mark = hash(key) & _FINGERPRINT
        at = (mark >> _PART_BITS) % size
        while held := slots[at]:
            if held & _FINGERPRINT == mark:
                before = held & (_PARTS - 1)
                if stored > before:
                    slots[at] = mark | stored
                if base + before >= oldest:
                    certain = base + before >= self._latest - QUARTERS - 1
                    return Verdict.DUPLICATE if certain else Verdict.EITHER
                break
            at = (at + 1) % size
        else:
            slots[at] = mark | stored
            self._used += 1
            if self._used > self._room:
                self._rebuild(part)
        return Verdict.FIRST if oldest >= self._unknown_before else Verdict.EITHER

    def _begin(self, part: int) -> None:
        self._base = part - 2 * QUARTERS
        self._latest = part
        if not self._complete:
            self._unknown_before = part + 1  # of the quarter of the first record, too, only a part was read

    def _rebuild(self, part: int) -> None:
        """Forget what no record to come can meet, unless it is late; make room for more."""
        base, latest = self._base or 0, max(self._latest, part)
        # Late records may come as late as they did; a timestamp that is far off must not take all the room.
        keep = max(latest - self._lateness - QUARTERS - 1, latest - _PARTS // 2, base + 1)
        kept = self._held_from(keep)
        while len(kept) > self._max_keys:
            keep += 1
            kept = self._held_from(keep)
        if len(kept) < self._used:
            self._unknown_before = max(self._unknown_before, keep)
        size = _FIRST_SLOTS + int(_SLOTS_A_KEY * len(kept))
        self._slots = slots = array("Q", bytes(8)) * size
        shift = base - (keep - 1)
        for held in kept:
            at = (held >> _PART_BITS) % size
            while slots[at]:
                at = (at + 1) % size
            slots[at] = held + shift
        self._used, self._base = len(kept), keep - 1
        self._room = int(_LOAD * size)
        self._lateness //= 2

    def _held_from(self, keep: int) -> "array[int]":
        least = keep - (self._base or 0)
        return array("Q", (held for held in self._slots if held and held & (_PARTS - 1) >= least))
