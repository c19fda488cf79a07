"""Zone events that were matched before: a Bloom filter, for the label of a finding alone. Pure.

A record that nothing explains is a finding in any case; that it is a copy of an earlier one is what this tells, with a
share of errors of about one in a hundred for up to eight million events.
"""

from collections.abc import Iterable

_MIN_BITS, _MAX_BITS = 1 << 16, 1 << 27
_BITS_AN_EVENT = 16


class SeenEvents:
    """Marks of payloads. `expected` events: how many there will be, about."""

    def __init__(self, expected: int) -> None:
        bits = _MIN_BITS
        while bits < _MAX_BITS and bits < expected * _BITS_AN_EVENT:
            bits *= 2
        self._mask = bits - 1
        self._bytes = bytearray(bits // 8)

    def add(self, payloads: Iterable[bytes]) -> None:
        """Mark payloads."""
        bits, mask = self._bytes, self._mask
        for payload in payloads:
            mark = hash(payload)
            at, other = mark & mask, (mark >> 29) & mask
            bits[at >> 3] |= 1 << (at & 7)
            bits[other >> 3] |= 1 << (other & 7)

    def forget_when_full(self) -> None:
        """Forget everything, when so much was marked that too many would seem to be."""
        if sum(self._bytes[:: max(1, len(self._bytes) // 1024)]) > 1024 * 128:
            self._bytes = bytearray(len(self._bytes))

    def __contains__(self, payload: bytes) -> bool:
        """Whether the payload was marked; True for some that were not."""
        bits, mask = self._bytes, self._mask
        mark = hash(payload)
        at, other = mark & mask, (mark >> 29) & mask
        return bool(bits[at >> 3] >> (at & 7) & 1 and bits[other >> 3] >> (other & 7) & 1)
