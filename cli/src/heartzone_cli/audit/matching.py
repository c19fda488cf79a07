"""Matches expected events with those that are in the output, device by device, in the order of both logs. Pure.

What is pending of a device are the events that the output has not shown yet, or those that the input has not explained
yet. In right logs it is one or the other, and whichever comes next equals the oldest of the other side. Where it does
not, what was passed over stays: it is found later, and then one of both was out of order, or it never is. Which one
it was, the next event tells: where it is one that was passed over, the one before came too early.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice, repeat
from typing import TypeVar

from heartzone_cli.audit.alignment import fits
from heartzone_cli.audit.device import SEARCHED, Actual, Device, Expected, advance, forget_leaps, note
from heartzone_cli.audit.longest_order import longest_increasing
from heartzone_cli.audit.partitions import Source
from heartzone_cli.audit.pending import Pending

Each = TypeVar("Each", Expected, Actual)
CLOCKS_DIFFER = 1_000
"""Milliseconds by which an event may be older than its record, where both are written at once on several machines."""
ALLOWED_DIFFERENCE = 3_600_000
"""The same, where nothing but that speaks against a match: brokers let no more pass."""


class Matcher(Pending):
    """Matches what comes of a device with what is pending of it."""

    def expect(
        self, key: bytes, payloads: Sequence[bytes], source: Source, offset: int, time: int, *, optional: bool
    ) -> None:
        """A record of the input gives these events, in this order. `time`: its timestamp."""
        device = self.devices.get(key) or self.device(key)
        if device.source is not source:
            if device.source is not None:
                device.scatter()
            device.source = source
        source.pending += len(payloads)
        self.expected += len(payloads)
        if optional and source.cut:
            not_before = time - CLOCKS_DIFFER
        else:
            not_before = time - ALLOWED_DIFFERENCE if self._cut and (device.actual or device.beginning) else 0
        coming: Iterable[Expected] = map(
            Expected._make, zip(payloads, repeat(source), repeat(offset), repeat(optional), repeat(not_before))
        )
        if device.beginning is not None:
            coming = list(coming)
            device.beginning.expected += coming
        if not device.actual:
            device.expected.extend(coming)
            return
        for each in coming:
            self._expect(key, device, each)
        self.beginnings.look_again(key, device)

    def occur(self, key: bytes, actual: Actual) -> None:
        """The output has this event."""
        device = self.device(key)
        if device.home is not actual.sink:
            if device.home is not None:
                device.scatter()
            device.home = device.home or actual.sink
        if device.beginning is not None:
            device.beginning.actual.append(actual)
        self._occur(key, device, actual)
        self.beginnings.look_again(key, device)

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
                self.beginnings.misordered(key, device, leap.expected, leap.actual)
                advance(device, at, len(device.actual), found, actual)
            else:
                self.beginnings.misordered(key, device, found, actual)
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
                self._rematch(key, device)
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
                self.beginnings.misordered(key, device, leap.expected, leap.actual)
                advance(device, len(device.expected), at, expected, found)
            else:
                self.beginnings.misordered(key, device, expected, found)
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
                self.beginnings.misordered(key, device, expected[index], actual[at])
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
        if device.doubts:
            device.doubts -= 1
        if device.beginning is None and device.doubts and self._cut:
            expected.source.reached(expected.offset)
        elif device.beginning is None:
            expected.source.matched(expected.offset, actual.sink.number, actual.offset)
        else:
            device.beginning.pairs.append((expected, actual))
        self._seen.add((expected.payload,))


def _index(pending: Iterable[Each], payload: bytes, is_it: Callable[[Each], bool], start: int, stop: int) -> int | None:
    # The payload first, without a call: thousands may be looked at for each event.
    found = islice(enumerate(pending), start, stop)
    return next((at for at, each in found if each.payload == payload and is_it(each)), None)
