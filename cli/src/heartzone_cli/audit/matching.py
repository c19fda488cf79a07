"""Matches expected events with those that are in the output, device by device, in the order of both logs. Pure.

What is pending of a device are the events that the output has not shown yet, or those that the input has not explained
yet. In right logs it is one or the other, and whichever comes next equals the oldest of the other side. Where it does
not, what was passed over stays: it is found later, and then one of both was out of order, or it never is. Which one
it was, the next event tells: where it is one that was passed over, the one before came too early.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice, repeat
from typing import TypeAlias, TypeVar

from heartzone_cli.audit.alignment import CERTAIN, MAX_BEGINNINGS, Beginning, fits
from heartzone_cli.audit.device import SEARCHED, Actual, Device, Expected, advance, forget_leaps, note
from heartzone_cli.audit.longest_order import longest_increasing
from heartzone_cli.audit.partitions import Source
from heartzone_cli.audit.seen_events import SeenEvents

Pending = TypeVar("Pending", Expected, Actual)
Misordered: TypeAlias = Callable[[bytes, Expected, Actual], None]


class Matcher:
    """All devices. `max_devices` are remembered while nothing of them is pending.

    `cut`: whether first readings or events may have been deleted.
    """

    def __init__(
        self, misordered: Misordered, seen: SeenEvents, *, cut: bool = False, max_devices: int = 100_000
    ) -> None:
        self.devices: dict[bytes, Device] = {}
        self._cut = cut
        self._beginnings: list[Device] = []
        self._guesses: list[tuple[Expected, Actual]] | None = None
        self.expected = 0
        self.actual = 0
        self._tell_misordered = misordered
        self._seen = seen
        self._max_devices = self._limit = max_devices

    def device(self, key: bytes) -> Device:
        """Return a device's state, which begins empty."""
        device = self.devices.get(key)
        if device is None:
            if len(self.devices) >= self._limit:
                for each, state in self.devices.items():
                    if state.idle:
                        self._begin(each, state)
                self.devices = {each: state for each, state in self.devices.items() if not state.idle}
                self._limit = self._max_devices + len(self.devices)
            device = self.devices[key] = Device()
            if self._cut:
                self._remember(device)
        return device

    def _remember(self, device: Device) -> None:
        if len(self._beginnings) >= MAX_BEGINNINGS:
            self._beginnings = [each for each in self._beginnings if each.beginning is not None]
        if len(self._beginnings) < MAX_BEGINNINGS:
            device.beginning = Beginning()
            device.tangled = True
            self._beginnings.append(device)

    def _misordered(self, key: bytes, expected: Expected, actual: Actual) -> None:
        if self._guesses is None:
            self._tell_misordered(key, expected, actual)
        else:
            self._guesses.append((expected, actual))

    @contextmanager
    def _guessing(self, key: bytes, device: Device) -> Iterator[None]:
        """Match; where something is out of order then, the beginning may have been matched wrongly."""
        beginning = device.beginning
        if beginning is None or self._guesses is not None:
            yield
            return
        self._guesses = beginning.misordered
        yield
        self._guesses = None
        if beginning.misordered or (len(beginning.pairs) >= CERTAIN and (device.skipped or device.actual)):
            self._adopt(device, beginning.guess())
        if beginning.is_known:
            self._begin(key, device)

    def _begin(self, key: bytes, device: Device) -> None:
        """The beginning of a device is known: what is out of order in it is a finding."""
        beginning = device.beginning
        device.begin()
        for each in beginning.misordered if beginning is not None else ():
            self._tell_misordered(key, *each)
        note(device)

    def conclude_beginnings(self, *, finally_: bool) -> None:
        """Both logs were read as far as they are needed for now: match beginnings by how they end."""
        remembered = [(key, device) for key, device in self.devices.items() if device.beginning is not None]
        for _, device in remembered:
            beginning = device.beginning
            if beginning is not None and (beginning.misordered or not device.idle):
                _ = self._adopt(device, beginning.conclude()) or self._adopt(device, beginning.guess())
        for key, device in remembered:
            if finally_:
                self._begin(key, device)
            elif device.beginning is not None:
                device.beginning.tell_links()

    def _adopt(self, device: Device, left_out: tuple[int, int] | None) -> bool:
        """Match a beginning anew, without as many readings and events."""
        beginning, source, sink = device.beginning, device.source, device.home
        if left_out is None or beginning is None or source is None or sink is None:
            return False
        skipped, passed = left_out
        pairs = list(zip(beginning.expected[skipped:], beginning.actual[passed:], strict=False))
        before = len(device.expected), len(device.actual)
        behind = len(pairs)
        device.expected = deque(beginning.expected[:skipped] + beginning.expected[skipped + behind :])
        device.actual = beginning.actual[:passed] + beginning.actual[passed + behind :]
        device.skipped, device.passed = skipped, passed
        forget_leaps(device)
        beginning.pairs, beginning.misordered = pairs, []
        device.first_reading = pairs[0][0].offset if pairs else None
        self._seen.add(expected.payload for expected, _ in pairs)
        more = len(device.expected) - before[0], len(device.actual) - before[1]
        source.pending += more[0]
        self.expected += more[0]
        sink.pending += more[1]
        self.actual += more[1]
        note(device)
        return True

    def expect(self, key: bytes, payloads: Sequence[bytes], source: Source, offset: int, *, optional: int) -> None:
        """A record of the input gives these events, in this order."""
        device = self.devices.get(key) or self.device(key)
        if device.source is not source:
            if device.source is not None:
                device.scatter()
            device.source = source
        source.pending += len(payloads)
        self.expected += len(payloads)
        coming: Iterable[Expected] = map(
            Expected._make, zip(payloads, repeat(source), repeat(offset), repeat(optional))
        )
        if device.beginning is not None:
            coming = list(coming)
            device.beginning.expected += coming
        if not device.actual:
            device.expected.extend(coming)
            return
        with self._guessing(key, device):
            for each in coming:
                self._expect(key, device, each)

    def occur(self, key: bytes, actual: Actual) -> None:
        """The output has this event."""
        device = self.device(key)
        if device.home is not actual.sink:
            if device.home is not None:
                device.scatter()
            device.home = device.home or actual.sink
        if device.beginning is not None:
            device.beginning.actual.append(actual)
        with self._guessing(key, device):
            self._occur(key, device, actual)

    def _occur(self, key: bytes, device: Device, actual: Actual) -> None:
        expected = device.expected
        head = device.skipped
        is_it = partial(fits, actual=actual)
        if len(expected) > head and fits(expected[head], actual):
            found = self._match(device, head, actual)
            advance(device, head, len(device.actual), found, actual)
        elif (at := _index(expected, actual.payload, is_it, 0, head)) is not None:
            found = self._match(device, at, actual)
            device.skipped -= 1
            leap = device.over_expected
            if leap is not None and at >= leap.base:
                device.skipped = leap.base
                self._misordered(key, leap.expected, leap.actual)
                advance(device, at, len(device.actual), found, actual)
            else:
                self._misordered(key, found, actual)
                if leap is not None:
                    leap.base -= 1
        elif (at := _index(expected, actual.payload, is_it, head, head + SEARCHED)) is not None:
            found = self._match(device, at, actual)
            advance(device, at, len(device.actual), found, actual)
        else:
            device.actual.append(actual)
            actual.sink.pending += 1
            self.actual += 1
            if len(device.actual) >= device.rematched_from:
                self.rematch(key, device)
                device.rematched_from = 2 * len(device.actual) + SEARCHED
        note(device)

    def _expect(self, key: bytes, device: Device, expected: Expected) -> None:
        actual = device.actual
        head = device.passed
        is_it = partial(fits, expected)
        if (at := _index(actual, expected.payload, is_it, head, head + 1)) is not None:
            found = self._take(device, at, expected)
            advance(device, len(device.expected), head, expected, found)
        elif (at := _index(actual, expected.payload, is_it, 0, head)) is not None:
            found = self._take(device, at, expected)
            device.passed -= 1
            leap = device.over_actual
            if leap is not None and at >= leap.base:
                device.passed = leap.base
                self._misordered(key, leap.expected, leap.actual)
                advance(device, len(device.expected), at, expected, found)
            else:
                self._misordered(key, expected, found)
                if leap is not None:
                    leap.base -= 1
        elif (at := _index(actual, expected.payload, is_it, head, head + SEARCHED)) is not None:
            found = self._take(device, at, expected)
            advance(device, len(device.expected), at, expected, found)
        else:
            device.expected.append(expected)
        note(device)

    def rematch(self, key: bytes, device: Device) -> None:
        """Match what is pending on both sides, however far apart; what the longest order leaves out is out of order."""
        if device.expected and device.actual:
            with self._guessing(key, device):
                self._rematch(key, device)

    def _rematch(self, key: bytes, device: Device) -> None:
        places: dict[bytes, deque[int]] = {}
        for index, each in enumerate(device.expected):
            places.setdefault(each.payload, deque()).append(index)
        expected, actual = list(device.expected), device.actual
        pairs = [
            (found.popleft(), at)
            for at, each in enumerate(actual)
            if (found := places.get(each.payload)) and fits(expected[found[0]], each)
        ]
        if not pairs:
            return
        ordered = set(longest_increasing([index for index, _ in pairs]))
        for number, (index, at) in enumerate(pairs):
            if number not in ordered and not device.scattered:
                self._misordered(key, expected[index], actual[at])
            self._pair(device, expected[index], actual[at])
        last_expected, last_actual = pairs[max(ordered)]
        left_expected = sorted(set(range(len(expected))) - {index for index, _ in pairs})
        left_actual = sorted(set(range(len(actual))) - {at for _, at in pairs})
        device.expected = deque(expected[index] for index in left_expected)
        device.actual = [actual[at] for at in left_actual]
        forget_leaps(device)
        if not device.scattered:
            device.skipped = sum(index < last_expected for index in left_expected)
            device.passed = sum(at < last_actual for at in left_actual)
        note(device)

    def _take(self, device: Device, at: int, expected: Expected) -> Actual:
        found = device.actual.pop(at)
        self._pair(device, expected, found)
        return found

    def _match(self, device: Device, at: int, actual: Actual) -> Expected:
        found = device.expected[at]
        del device.expected[at]
        actual.sink.pending += 1
        self.actual += 1
        self._pair(device, found, actual)
        return found

    def _pair(self, device: Device, expected: Expected, actual: Actual) -> None:
        self.expected -= 1
        self.actual -= 1
        actual.sink.pending -= 1
        expected.source.pending -= 1
        if device.first_reading is None or expected.offset < device.first_reading:
            device.first_reading = expected.offset
        if device.beginning is None:
            expected.source.matched(expected.offset, actual.sink.number, actual.offset)
        else:
            device.beginning.pairs.append((expected, actual))
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


def _index(
    pending: Iterable[Pending], payload: bytes, is_it: Callable[[Pending], bool], start: int, stop: int
) -> int | None:
    # The payload first, without a call: thousands may be looked at for each event.
    found = islice(enumerate(pending), start, stop)
    return next((at for at, each in found if each.payload == payload and is_it(each)), None)
