"""Matches expected events with those that are in the output, device by device, in the order of both logs. Pure.

What is pending of a device are the events that the output has not shown yet, or those that the input has not explained
yet. In right logs it is one or the other, and whichever comes next equals the oldest of the other side. Where it does
not, what was passed over stays: it is found later, and then one of both was out of order, or it never is.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import NamedTuple, TypeAlias

from heartzone_cli.audit.partitions import Sink, Source
from heartzone_cli.audit.seen_events import SeenEvents

SEARCHED = 2_000
"""Pending events of a device among which one is looked for."""


class Expected(NamedTuple):
    """An event that a record of the input gives. `optional`: it may be a duplicate's."""

    payload: bytes
    source: Source
    offset: int
    optional: bool


class Actual(NamedTuple):
    """An event of the output; `round`: when it was read."""

    payload: bytes
    sink: Sink
    offset: int
    timestamp: int
    round: int


Misordered: TypeAlias = Callable[[bytes, Expected, Actual], None]


class Device:
    """What is pending of a device, in the order of the logs; the first `skipped`, or `passed`, were passed over."""

    __slots__ = (
        "actual",
        "expected",
        "home",
        "home_offset",
        "home_time",
        "passed",
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
        self.tangled = False
        """Whether anything is pending beside expected events in order."""
        self.scattered = False
        """Whether its records are in several partitions of a topic, between which there is no order."""
        self.source: Source | None = None
        self.home: Sink | None = None
        self.home_offset = -1
        self.home_time = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is pending."""
        return not self.expected and not self.actual


class Matcher:
    """All devices. `max_devices` are remembered while nothing of them is pending."""

    def __init__(self, misordered: Misordered, seen: SeenEvents, *, max_devices: int = 100_000) -> None:
        self.devices: dict[bytes, Device] = {}
        self.expected = 0
        self.actual = 0
        self._misordered = misordered
        self._seen = seen
        self._max_devices = self._limit = max_devices

    def device(self, key: bytes) -> Device:
        """Return a device's state, which begins empty."""
        device = self.devices.get(key)
        if device is None:
            if len(self.devices) >= self._limit:
                self.devices = {each: state for each, state in self.devices.items() if not state.idle}
                self._limit = self._max_devices + len(self.devices)
            device = self.devices[key] = Device()
        return device

    def expect(self, key: bytes, payloads: Sequence[bytes], source: Source, offset: int, *, optional: bool) -> None:
        """A record of the input gives these events, in this order."""
        device = self.devices.get(key) or self.device(key)
        if device.source is not source:
            device.scattered |= device.source is not None
            device.source = source
            device.tangled |= device.scattered
        source.pending += len(payloads)
        self.expected += len(payloads)
        if not device.actual:
            device.expected.extend(map(Expected._make, zip(payloads, repeat(source), repeat(offset), repeat(optional))))
            return
        for payload in payloads:
            self._expect(key, device, Expected(payload, source, offset, optional))

    def occur(self, key: bytes, actual: Actual) -> None:
        """The output has this event."""
        device = self.device(key)
        if device.home is not actual.sink:
            device.scattered |= device.home is not None
            device.home = device.home or actual.sink
        expected = device.expected
        head = device.skipped
        in_order = not device.scattered
        if len(expected) > head and expected[head].payload == actual.payload:
            self._match(device, head, actual)
            device.passed = len(device.actual) if in_order else 0
        elif (at := _index(expected, actual.payload, 0, head)) is not None:
            found = self._match(device, at, actual)
            device.skipped -= 1
            self._misordered(key, found, actual)
        elif (at := _index(expected, actual.payload, head, head + SEARCHED)) is not None:
            self._match(device, at, actual)
            device.skipped = at if in_order else 0
            device.passed = len(device.actual) if in_order else 0
        else:
            device.actual.append(actual)
            actual.sink.pending += 1
            self.actual += 1
        _note(device)

    def _expect(self, key: bytes, device: Device, expected: Expected) -> None:
        actual = device.actual
        head, in_order = device.passed, not device.scattered
        at = _index(actual, expected.payload, head, head + 1)
        if at is None:
            at = _index(actual, expected.payload, 0, head)
            if at is None:
                at = _index(actual, expected.payload, head, head + SEARCHED)
            else:
                device.passed -= 1
                self._misordered(key, expected, actual[at])
        if at is None:
            device.expected.append(expected)
        else:
            if at >= head:
                device.passed = at if in_order else 0
                device.skipped = len(device.expected) if in_order else 0
            self._pair(expected, actual.pop(at))
        _note(device)

    def _match(self, device: Device, at: int, actual: Actual) -> Expected:
        found = device.expected[at]
        del device.expected[at]
        actual.sink.pending += 1
        self.actual += 1
        self._pair(found, actual)
        return found

    def _pair(self, expected: Expected, actual: Actual) -> None:
        self.expected -= 1
        self.actual -= 1
        actual.sink.pending -= 1
        expected.source.pending -= 1
        expected.source.matched(expected.offset, actual.sink.number, actual.offset)
        self._seen.add((expected.payload,))

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
        _note(device)
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
        _note(device)
        return taken

    def pending(self) -> Iterator[tuple[bytes, Device]]:
        """Yield the devices of which anything is pending."""
        return ((key, device) for key, device in list(self.devices.items()) if not device.idle)


def _note(device: Device) -> None:
    device.tangled = bool(device.scattered or device.skipped or device.actual)


def _index(pending: Iterable[Expected | Actual], payload: bytes, start: int, stop: int) -> int | None:
    found: Iterable[tuple[int, Expected | Actual]] = islice(enumerate(pending), start, stop)
    return next((at for at, each in found if each.payload == payload), None)
