"""Matches expected events with those that are in the output, device by device, in the order of both logs. Pure.

What is pending of a device are the events that the output has not shown yet, or those that the input has not explained
yet. In right logs it is one or the other, and whichever comes next equals the oldest of the other side. Where it does
not, what was passed over stays: it is found later, and then one of both was out of order, or it never is. Which one
it was, the next event tells: where it is one that was passed over, the one before came too early.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from typing import NamedTuple, TypeAlias, TypeVar

from heartzone_cli.audit.longest_order import longest_increasing
from heartzone_cli.audit.partitions import Sink, Source
from heartzone_cli.audit.seen_events import SeenEvents

SEARCHED = 2_000
"""Pending events of a device among which one is looked for."""


CLOCKS_DIFFER = 1_000
"""Milliseconds by which an event may be older than its record, where both are written at once on several machines."""


class Expected(NamedTuple):
    """An event that a record of the input gives.

    `optional`: 0, or else the record may be a duplicate, and this is its timestamp in milliseconds: an older event of
    the same reading is that of the record before, which nobody can read any more.
    """

    payload: bytes
    source: Source
    offset: int
    optional: int


class Actual(NamedTuple):
    """An event of the output; `round`: when it was read."""

    payload: bytes
    sink: Sink
    offset: int
    timestamp: int
    round: int


Pending = TypeVar("Pending", Expected, Actual)
Misordered: TypeAlias = Callable[[bytes, Expected, Actual], None]


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
        "expected",
        "home",
        "home_offset",
        "home_time",
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
        self.source: Source | None = None
        self.home: Sink | None = None
        self.home_offset = -1
        self.home_time = 0

    def scatter(self) -> None:
        """Its records are in several partitions: what was passed over is not out of order."""
        self.scattered = self.tangled = True
        self.skipped = self.passed = 0
        self.over_expected = self.over_actual = None

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

    def expect(self, key: bytes, payloads: Sequence[bytes], source: Source, offset: int, *, optional: int) -> None:
        """A record of the input gives these events, in this order."""
        device = self.devices.get(key) or self.device(key)
        if device.source is not source:
            if device.source is not None:
                device.scatter()
            device.source = source
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
            if device.home is not None:
                device.scatter()
            device.home = device.home or actual.sink
        expected = device.expected
        head = device.skipped
        fits = partial(_fit, actual=actual)
        if len(expected) > head and _fit(expected[head], actual):
            found = self._match(device, head, actual)
            _advance(device, head, len(device.actual), found, actual)
        elif (at := _index(expected, actual.payload, fits, 0, head)) is not None:
            found = self._match(device, at, actual)
            device.skipped -= 1
            leap = device.over_expected
            if leap is not None and at >= leap.base:
                device.skipped = leap.base
                self._misordered(key, leap.expected, leap.actual)
                _advance(device, at, len(device.actual), found, actual)
            else:
                self._misordered(key, found, actual)
                if leap is not None:
                    leap.base -= 1
        elif (at := _index(expected, actual.payload, fits, head, head + SEARCHED)) is not None:
            found = self._match(device, at, actual)
            _advance(device, at, len(device.actual), found, actual)
        else:
            device.actual.append(actual)
            actual.sink.pending += 1
            self.actual += 1
            if len(device.actual) >= device.rematched_from:
                self.rematch(key, device)
                device.rematched_from = 2 * len(device.actual) + SEARCHED
        _note(device)

    def _expect(self, key: bytes, device: Device, expected: Expected) -> None:
        actual = device.actual
        head = device.passed
        fits = partial(_fit, expected)
        if (at := _index(actual, expected.payload, fits, head, head + 1)) is not None:
            found = self._take(device, at, expected)
            _advance(device, len(device.expected), head, expected, found)
        elif (at := _index(actual, expected.payload, fits, 0, head)) is not None:
            found = self._take(device, at, expected)
            device.passed -= 1
            leap = device.over_actual
            if leap is not None and at >= leap.base:
                device.passed = leap.base
                self._misordered(key, leap.expected, leap.actual)
                _advance(device, len(device.expected), at, expected, found)
            else:
                self._misordered(key, expected, found)
                if leap is not None:
                    leap.base -= 1
        elif (at := _index(actual, expected.payload, fits, head, head + SEARCHED)) is not None:
            found = self._take(device, at, expected)
            _advance(device, len(device.expected), at, expected, found)
        else:
            device.expected.append(expected)
        _note(device)

    def rematch(self, key: bytes, device: Device) -> None:
        """Match what is pending on both sides, however far apart; what the longest order leaves out is out of order."""
        if not device.expected or not device.actual:
            return
        places: dict[bytes, deque[int]] = {}
        for index, each in enumerate(device.expected):
            places.setdefault(each.payload, deque()).append(index)
        expected, actual = list(device.expected), device.actual
        pairs = [
            (found.popleft(), at)
            for at, each in enumerate(actual)
            if (found := places.get(each.payload)) and _fit(expected[found[0]], each)
        ]
        if not pairs:
            return
        ordered = set(longest_increasing([index for index, _ in pairs]))
        for number, (index, at) in enumerate(pairs):
            if number not in ordered and not device.scattered:
                self._misordered(key, expected[index], actual[at])
            self._pair(expected[index], actual[at])
        last_expected, last_actual = pairs[max(ordered)]
        left_expected = sorted(set(range(len(expected))) - {index for index, _ in pairs})
        left_actual = sorted(set(range(len(actual))) - {at for _, at in pairs})
        device.expected = deque(expected[index] for index in left_expected)
        device.actual = [actual[at] for at in left_actual]
        _forget_leaps(device)
        if not device.scattered:
            device.skipped = sum(index < last_expected for index in left_expected)
            device.passed = sum(at < last_actual for at in left_actual)
        _note(device)

    def _take(self, device: Device, at: int, expected: Expected) -> Actual:
        found = device.actual.pop(at)
        self._pair(expected, found)
        return found

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
        if taken:
            _forget_leaps(device)
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
        if taken:
            _forget_leaps(device)
        _note(device)
        return taken

    def pending(self) -> Iterator[tuple[bytes, Device]]:
        """Yield the devices of which anything is pending."""
        return ((key, device) for key, device in list(self.devices.items()) if not device.idle)


def _advance(device: Device, skipped: int, passed: int, expected: Expected, actual: Actual) -> None:
    """The latest match in order is this one: what is pending before it on either side was passed over."""
    if device.scattered:
        device.skipped = device.passed = 0
        _forget_leaps(device)
        return
    device.over_expected = Leap(device.skipped, expected, actual) if skipped > device.skipped else None
    device.over_actual = Leap(device.passed, expected, actual) if passed > device.passed else None
    device.skipped, device.passed = skipped, passed


def _forget_leaps(device: Device) -> None:
    device.over_expected = device.over_actual = None


def _note(device: Device) -> None:
    device.tangled = bool(device.scattered or device.skipped or device.actual)


def _fit(expected: Expected, actual: Actual) -> bool:
    return expected.payload == actual.payload and expected.optional <= actual.timestamp + CLOCKS_DIFFER


def _index(
    pending: Iterable[Pending], payload: bytes, fits: Callable[[Pending], bool], start: int, stop: int
) -> int | None:
    # The payload first, without a call: thousands may be looked at for each event.
    found = islice(enumerate(pending), start, stop)
    return next((at for at, each in found if each.payload == payload and fits(each)), None)
