"""The keys of a partition's records within a window of time, so that a record whose key was there before is found.

A pure function of the log: what is found depends on the records before it and on their timestamps alone, never on a
clock or on when they were read. So a window that is read again gives the same.
"""

from hashlib import blake2b
from math import ceil

PARTS = 4
"""Parts of a window. Keys are forgotten a part at a time, which takes no look at any of them."""


def fingerprint(key: bytes) -> bytes:
    """15 bytes that stand for a key: its length costs no memory, and no two keys that anyone can find share them.

    Not 16: Python takes 48 bytes of memory for 15, and 64 for one more.
    """
    return blake2b(key, digest_size=15).digest()


class KeyWindow:
    """Fingerprints by part, which is a timestamp (milliseconds since the epoch) divided by a quarter of a window.

    A key counts as seen when a record before had it that is at most PARTS parts older: always within the
    window, never beyond five quarters of it. One more part is kept, for timestamps that are out of order.
    """

    def __init__(self, seconds: float) -> None:
        self._length = part_ms(seconds)
        # Dictionaries where sets would do: they are never less than a third full, a set may be to an eighth.
        self._keys: dict[int, dict[bytes, None]] = {}

    def __len__(self) -> int:
        """How many fingerprints are kept."""
        return sum(map(len, self._keys.values()))

    def has(self, key: bytes, timestamp: int) -> bool:
        """Whether a record within the window before this time had the key."""
        oldest = timestamp // self._length - PARTS
        # A loop, and no expression: there are six at most, and this runs for each record.
        for part, keys in self._keys.items():  # noqa: SIM110
            if key in keys and part >= oldest:
                return True
        return False

    def add(self, key: bytes, timestamp: int) -> bool:
        """A record has this key; False when it changes nothing."""
        part = timestamp // self._length
        keys = self._keys.get(part)
        if keys is None:
            keys = self._keys[part] = {}
        elif key in keys:
            return False
        keys[key] = None
        return True

    def remove(self, key: bytes, timestamp: int) -> None:
        """Undo an ``add`` that changed something."""
        del self._keys[timestamp // self._length][key]

    def forget_before(self, timestamp: int) -> None:
        """Forget what no record from this time on can meet."""
        oldest = timestamp // self._length - PARTS - 1
        for part in [each for each in self._keys if each < oldest]:
            del self._keys[part]


def part_ms(seconds: float) -> int:
    """Milliseconds of a part of a window."""
    return max(1, ceil(seconds * 1000 / PARTS))


def window_start(seconds: float, timestamp: int) -> int:
    """Milliseconds since the epoch from which on records matter to one with this timestamp, and to those after it."""
    length = part_ms(seconds)
    return max(0, (timestamp // length - PARTS - 1) * length)
