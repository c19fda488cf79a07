"""All devices of an audit, and what is pending of each: counted, as it comes, and taken away. Pure."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from heartzone_cli.audit.beginnings import Beginnings, Misordered
from heartzone_cli.audit.device import Actual, Device, Expected, forget_leaps, note
from heartzone_cli.audit.partitions import Source
from heartzone_cli.audit.seen_events import SeenEvents


class Pending:
    """Of all devices; `max_devices` are remembered while nothing of them is pending.

    `inputs_cut`, `outputs_cut`: whether first readings, or events, may have been deleted.
    """

    def __init__(
        self,
        misordered: Misordered,
        seen: SeenEvents,
        *,
        inputs_cut: bool = False,
        outputs_cut: bool = False,
        max_devices: int = 100_000,
    ) -> None:
        self.devices: dict[bytes, Device] = {}
        self.expected = 0
        self.actual = 0
        self.beginnings = Beginnings(self, misordered, inputs_cut=inputs_cut, outputs_cut=outputs_cut)
        self._cut = inputs_cut or outputs_cut
        self._seen = seen
        self._max_devices = self._limit = max_devices

    def device(self, key: bytes) -> Device:
        """Return a device's state, which begins empty."""
        device = self.devices.get(key)
        if device is None:
            if len(self.devices) >= self._limit:
                for each, state in self.devices.items():
                    if state.idle:
                        self.beginnings.end(each, state)
                self.devices = {each: state for each, state in self.devices.items() if not state.idle}
                self._limit = self._max_devices + len(self.devices)
            device = self.devices[key] = Device()
            self.beginnings.remember(device)
        return device

    def adopted(self, device: Device, pairs: Sequence[tuple[Expected, Actual]], before: tuple[int, int]) -> None:
        """A beginning was matched anew; so many were pending on both sides `before`."""
        self._seen.add(expected.payload for expected, _ in pairs)
        more = len(device.expected) - before[0], len(device.actual) - before[1]
        if device.source is not None and device.home is not None:
            device.source.pending += more[0]
            device.home.pending += more[1]
        self.expected += more[0]
        self.actual += more[1]
        note(device)

    def match_equal(
        self, device: Device, is_missing: Callable[[Expected], bool], is_surplus: Callable[[Actual], bool]
    ) -> None:
        """Match what would be a finding with what says the same, however the clocks of both were set."""
        readings: dict[bytes, deque[Expected]] = {}
        for each in device.expected:
            readings.setdefault(each.payload, deque()).append(each)
        pairs = [
            (found.popleft(), each)
            for each in device.actual
            if (found := readings.get(each.payload)) and (is_missing(found[0]) or is_surplus(each))
        ]
        if pairs:
            matched = {id(each) for pair in pairs for each in pair}
            self.take_expected(device, lambda each: id(each) in matched)
            self.take_actual(device, lambda each: id(each) in matched)
            self._seen.add(expected.payload for expected, _ in pairs)

    def withdraw(self, key: bytes, source: Source, offset: int) -> int:
        """Expect nothing of this record any more; return how many events of it were pending."""
        device = self.devices.get(key)
        if device is None:
            return 0
        return len(self.take_expected(device, lambda each: each.source is source and each.offset == offset))

    def take_expected(self, device: Device, chosen: Callable[[Expected], bool]) -> list[Expected]:
        """Remove expected events of a device that nobody waits for any longer."""
        taken: list[Expected] = []
        kept: deque[Expected] = deque()
        skipped = 0
        for index, each in enumerate(device.expected):
            if chosen(each):
                taken.append(each)
                each.source.pending -= 1
                self.expected -= 1
            else:
                skipped += index < device.skipped
                kept.append(each)
        device.expected, device.skipped = kept, skipped
        if taken:
            forget_leaps(device)
            if device.beginning is not None:
                gone = set(map(id, taken))
                device.beginning.expected = [each for each in device.beginning.expected if id(each) not in gone]
        note(device)
        return taken

    def take_actual(self, device: Device, chosen: Callable[[Actual], bool]) -> list[Actual]:
        """Remove events of a device that nothing will explain."""
        taken: list[Actual] = []
        kept: list[Actual] = []
        passed = 0
        for index, each in enumerate(device.actual):
            if chosen(each):
                taken.append(each)
                each.sink.pending -= 1
                self.actual -= 1
            else:
                passed += index < device.passed
                kept.append(each)
        device.actual, device.passed = kept, passed
        if taken:
            forget_leaps(device)
            if device.beginning is not None:
                gone = set(map(id, taken))
                device.beginning.actual = [each for each in device.beginning.actual if id(each) not in gone]
        note(device)
        return taken

    def pending(self) -> Iterator[tuple[bytes, Device]]:
        """Yield the devices of which anything is pending."""
        return ((key, device) for key, device in list(self.devices.items()) if not device.idle)
