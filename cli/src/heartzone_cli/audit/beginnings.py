"""The beginnings of all devices, matched anew where a match turns out to have been a wrong guess. Pure.

A match out of order is told no earlier than at a settlement: between partitions there is no order, and that a device
was in several of them, later records may show.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from heartzone_cli.audit.alignment import CERTAIN, LONGEST, MAX_BEGINNINGS, MAX_MATCHES, Beginning
from heartzone_cli.audit.device import Actual, Device, Expected, forget_leaps, note

if TYPE_CHECKING:
    from heartzone_cli.audit.pending import Pending

Misordered: TypeAlias = Callable[[bytes, Expected, Actual], None]
MAX_MISORDERED = 10_000
"""Matches out of order that are kept until a settlement."""


class Beginnings:
    """Of a matcher's devices. `inputs_cut`, `outputs_cut`: whether first readings, or events, may have been deleted."""

    def __init__(self, pending: "Pending", misordered: Misordered, *, inputs_cut: bool, outputs_cut: bool) -> None:
        self._pending = pending
        self._tell = misordered
        self._cut = {"inputs_cut": inputs_cut, "outputs_cut": outputs_cut}
        self._open = 0
        self._misordered: dict[bytes, Device] = {}
        self._kept, self._limit = 0, MAX_MISORDERED
        self.moved = False
        """Whether any device has moved: then others may have, too."""

    def remember(self, device: Device) -> None:
        """A device begins."""
        if any(self._cut.values()) and self._open < MAX_BEGINNINGS:
            device.beginning = Beginning()
            device.tangled = True
            self._open += 1

    def look_again(self, key: bytes, device: Device) -> None:
        """More was matched: where anything is out of order now, the beginning may have been matched wrongly."""
        beginning = device.beginning
        if beginning is None:
            return
        count = len(beginning.pairs)
        if not device.scattered and (device.misordered or (count >= CERTAIN and (device.skipped or device.actual))):
            self._adopt(device, beginning, beginning.guess(**self._cut))
        count = len(beginning.pairs)
        longest = max(CERTAIN, min(LONGEST, MAX_MATCHES // self._open))
        if count >= longest or (count >= CERTAIN and not device.misordered and not beginning.repeated):
            self.end(key, device)

    def end(self, key: bytes, device: Device) -> None:
        """The beginning of a device is known."""
        if device.beginning is not None:
            device.beginning.tell_links(but=device.beginning.repeated if self.moved else ())
            device.beginning = None
            self._open -= 1
            note(device)
        if device.misordered:
            self._misordered[key] = device

    def conclude(self) -> None:
        """Both logs were read as far as they are needed for now: match beginnings by how they end."""
        for device in self._pending.devices.values():
            beginning = device.beginning
            if beginning is not None and not device.scattered and (device.misordered or not device.idle):
                _ = self._adopt(device, beginning, beginning.conclude(**self._cut)) or self._adopt(
                    device, beginning, beginning.guess(**self._cut)
                )

    def tell_links(self) -> None:
        """Let the partitions know what was matched so far."""
        for device in self._pending.devices.values():
            if device.beginning is not None:
                device.beginning.tell_links(but=device.beginning.repeated if self.moved else ())

    def misordered(self, key: bytes, device: Device, expected: Expected, actual: Actual) -> None:
        """Keep a match out of order."""
        device.misordered.append((expected, actual))
        self._misordered[key] = device
        self._kept += 1
        if self._kept >= self._limit:
            self.tell_misordered()
            self._limit = self._kept + MAX_MISORDERED

    def tell_misordered(self, *, finally_: bool = False) -> int:
        """Tell of what is out of order where the beginning is known, or never will be; return how much is doubtful."""
        doubtful = 0
        for key, device in list(self._misordered.items()):
            if finally_ or device.beginning is None:
                if self.moved and device.beginning is not None and device.beginning.repeated:
                    doubtful += len(device.misordered)
                else:
                    for expected, actual in device.misordered:
                        self._tell(key, expected, actual)
                device.misordered.clear()
                del self._misordered[key]
        self._kept = sum(len(device.misordered) for device in self._misordered.values())
        return doubtful

    def _adopt(self, device: Device, beginning: Beginning, left_out: tuple[int, int] | None) -> bool:
        """Match a beginning anew, without as many readings and events."""
        source, sink = device.source, device.home
        if left_out is None or source is None or sink is None:
            return False
        skipped, passed = left_out
        pairs = list(zip(beginning.expected[skipped:], beginning.actual[passed:], strict=False))
        before = len(device.expected), len(device.actual)
        behind = len(pairs)
        device.expected = deque(beginning.expected[:skipped] + beginning.expected[skipped + behind :])
        device.actual = beginning.actual[:passed] + beginning.actual[passed + behind :]
        device.skipped, device.passed = skipped, passed
        forget_leaps(device)
        beginning.pairs = pairs
        device.misordered.clear()
        device.first_reading = pairs[0][0].offset if pairs else None
        self._pending.adopted(device, pairs, before)
        return True
