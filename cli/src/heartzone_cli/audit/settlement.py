"""The end of waiting: what has found no counterpart becomes a finding, or is counted as not judged. Pure."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from heartzone_cli.audit.dead_letters import Letter
from heartzone_cli.audit.device import Actual, Device, Expected
from heartzone_cli.audit.events import reading_of
from heartzone_cli.audit.findings import Finding, Unjudged

if TYPE_CHECKING:
    from heartzone_cli.audit.comparison import Comparison

Judged = tuple[bytes, Device, Expected]


class Settlement:
    """Settles what a comparison waits for."""

    def __init__(self, comparison: "Comparison") -> None:
        self._comparison = comparison

    def settle_all(self) -> None:
        """Nothing will come any more."""
        self._comparison.tell_strays()
        self.settle(_everything, _everything, finally_=True)
        self.settle_poison()
        self._settle_letters(self._comparison.letters.take_all())

    def settle_readings(self) -> None:
        """The output was read to its end: wait for no more events."""
        if not self._comparison.matcher.actual:
            self.settle(_everything, _nothing)

    def settle_round(self, positions: Mapping[int, int]) -> None:
        """Everything before these offsets of the input was processed, and the output read up to its end since then."""
        comparison = self._comparison
        comparison.tell_strays()
        self.settle(_everything, lambda each: each.round < comparison.round)
        self.settle_poison()
        for number, position in positions.items():
            self._settle_letters(comparison.letters.take_before(number, position))
        comparison.forget_seen()

    def settle(
        self, readings: Callable[[Expected], bool], events: Callable[[Actual], bool], *, finally_: bool = False
    ) -> None:
        """Wait no longer for the events of these readings, nor for the readings of these events."""
        matcher = self._comparison.matcher
        edges = self._comparison.edges
        if not edges.moved:
            edges.moved = any(edges.has_moved(key, device) for key, device in matcher.devices.items())
        matcher.beginnings.moved = edges.moved
        matcher.beginnings.conclude()
        for key, device in matcher.pending():
            matcher.rematch(key, device)
        matcher.beginnings.tell_links()
        if doubtful := matcher.beginnings.tell_misordered(finally_=finally_):
            self._comparison.unjudged[Unjudged.START_OF_RANGE] += doubtful
        for key, device in matcher.pending():
            if device.expected and device.actual:
                self._match_equal(key, device, readings, events)
            missing = self._judged_readings(key, device, readings)
            by_time: dict[str, deque[Expected]] = {}
            surplus = self._judged_events(key, device, events)
            if surplus:
                for expected in missing:
                    by_time.setdefault(reading_of(expected.payload)[0], deque()).append(expected)
            explained = {id(found) for actual in surplus if (found := self._tell_surplus(key, actual, by_time))}
            for expected in missing:
                if id(expected) not in explained:
                    self._tell_missing(key, expected)

    def _match_equal(
        self, key: bytes, device: Device, readings: Callable[[Expected], bool], events: Callable[[Actual], bool]
    ) -> None:
        self._comparison.matcher.match_equal(
            device,
            lambda each: readings(each) and self._unjudged_reading(key, each, device) is None,
            lambda each: events(each) and self._unjudged_event(key, each, device) is None,
        )

    def _unjudged_reading(self, key: bytes, expected: Expected, device: Device) -> Unjudged | None:
        is_copy = self._comparison.was_seen(expected.payload)
        return self._comparison.edges.unjudged_reading(key, expected, device, is_copy=is_copy)

    def _unjudged_event(self, key: bytes, actual: Actual, device: Device) -> Unjudged | None:
        is_copy = self._comparison.was_seen(actual.payload)
        return self._comparison.edges.unjudged_event(key, actual, device, is_copy=is_copy)

    def relieve(self, *, inputs_read: bool, outputs_read: bool) -> None:
        """Too much is pending: no longer wait for what is least likely to come, the older half of one side at least."""
        matcher = self._comparison.matcher
        if inputs_read and not outputs_read:
            self.settle(_nothing, _older_half([each for _, device in matcher.pending() for each in device.actual]))
            return
        before = matcher.actual
        for key, device in matcher.pending():
            matcher.rematch(key, device)
        if matcher.actual == before:
            altered = self._altered()
            self.settle(lambda each: id(each) in altered, lambda each: id(each) in altered)
        if not outputs_read and matcher.actual == before:
            sinks = self._sinks_of_copies()
            self.settle(_nothing, lambda each: each.sink.number in sinks and self._comparison.was_seen(each.payload))
            self._drop_events_before_the_range()
        if matcher.actual == before:
            self.settle(_older_half([each for _, device in matcher.pending() for each in device.expected]), _nothing)
        if outputs_read and matcher.expected == 0:
            self.settle(_nothing, _older_half([each for _, device in matcher.pending() for each in device.actual]))

    def _altered(self) -> set[int]:
        """Readings and events of one time that differ, and are pending both."""
        found: set[int] = set()
        for _, device in self._comparison.matcher.pending():
            if not device.expected or not device.actual:
                continue
            by_time: dict[str, deque[Expected]] = {}
            for expected in device.expected:
                by_time.setdefault(reading_of(expected.payload)[0], deque()).append(expected)
            for actual in device.actual:
                if of_its_time := by_time.get(reading_of(actual.payload)[0]):
                    found |= {id(of_its_time.popleft()), id(actual)}
        return found

    def _sinks_of_copies(self) -> set[int]:
        """Partitions with the most pending events, most of which were seen before; of a few, that only seems so."""
        pending: Counter[int] = Counter()
        seen: Counter[int] = Counter()
        for _, device in self._comparison.matcher.pending():
            for each in device.actual:
                pending[each.sink.number] += 1
                seen[each.sink.number] += self._comparison.was_seen(each.payload)
        most = max(pending.values(), default=0)
        return {number for number, count in pending.items() if 2 * count >= most and 2 * seen[number] > count}

    def _drop_events_before_the_range(self) -> None:
        comparison = self._comparison
        for key, device in comparison.matcher.pending():
            dropped = comparison.matcher.take_actual(device, self._is_before_the_range(key, device))
            comparison.unjudged[Unjudged.START_OF_RANGE] += len(dropped)

    def _is_before_the_range(self, key: bytes, device: Device) -> Callable[[Actual], bool]:
        return lambda each: self._unjudged_event(key, each, device) is Unjudged.START_OF_RANGE

    def settle_poison(self) -> None:
        """Wait no longer for dead letters of the records that were read."""
        comparison = self._comparison
        for (number, offset), optional in comparison.poison.items():
            source = comparison.edges.sources[number]
            unjudged = comparison.edges.unjudged_poison(source, offset, optional=optional)
            if unjudged is None:
                detail = "it is no Biometrics message, and there is no dead letter of it"
                comparison.tell(Finding.MISSING, comparison.place(source, offset), detail)
            else:
                comparison.unjudged[unjudged] += 1
        comparison.poison.clear()

    def _settle_letters(self, letters: Iterable[tuple[int, int, Letter]]) -> None:
        """Of these, no record was read."""
        comparison = self._comparison
        for number, offset, letter in letters:
            source = comparison.edges.sources[number]
            if source.end is not None and offset >= source.end:
                early = comparison.edges.ends_early
                comparison.unjudged[Unjudged.END_OF_RANGE if early else Unjudged.NOT_PROCESSED] += 1
                continue
            comparison.tell(
                Finding.UNEXPLAINED,
                comparison.letters.place(letter),
                "dead letter: the input has no such record",
                source=comparison.place(source, offset),
            )

    def _judged_readings(self, key: bytes, device: Device, chosen: Callable[[Expected], bool]) -> list[Expected]:
        comparison = self._comparison
        judged = []
        for each in comparison.matcher.take_expected(device, chosen):
            unjudged = self._unjudged_reading(key, each, device)
            if unjudged is None:
                judged.append(each)
            else:
                comparison.unjudged[unjudged] += 1
        return judged

    def _judged_events(self, key: bytes, device: Device, chosen: Callable[[Actual], bool]) -> list[Actual]:
        comparison = self._comparison
        judged = []
        for each in comparison.matcher.take_actual(device, chosen):
            unjudged = self._unjudged_event(key, each, device)
            if unjudged is None:
                judged.append(each)
            else:
                comparison.unjudged[unjudged] += 1
        return judged

    def _tell_surplus(self, key: bytes, actual: Actual, missing: Mapping[str, deque[Expected]]) -> Expected | None:
        """Tell of an event that nothing explains; return the reading that it may have been of, not missing then."""
        comparison = self._comparison
        place, device = comparison.event_place(actual), key.decode()
        if of_its_time := missing.get(reading_of(actual.payload)[0]):
            altered = of_its_time.popleft()
            source = comparison.place(altered.source, altered.offset)
            detail = "the zone, heart rate or maximum is not that of the reading of its time"
            comparison.tell(Finding.ALTERED, place, detail, source=source, device=device)
            return altered
        if comparison.was_seen(actual.payload):
            detail = "its reading has this event, or a dead letter, already"
            comparison.tell(Finding.DOUBLED, place, detail, device=device)
            return None
        comparison.tell(Finding.UNEXPLAINED, place, "no reading gives this event", device=device)
        return None

    def _tell_missing(self, key: bytes, expected: Expected) -> None:
        comparison = self._comparison
        comparison.tell(
            Finding.MISSING,
            comparison.place(expected.source, expected.offset),
            f"there is no event of its reading of {reading_of(expected.payload)[0]}",
            device=key.decode(),
        )


def _everything(_: object) -> bool:
    return True


def _nothing(_: object) -> bool:
    return False


def _older_half(pending: Sequence[Expected] | Sequence[Actual]) -> Callable[[Expected | Actual], bool]:
    """Choose the older half of what is pending, of each partition by its offsets."""
    offsets: dict[int, list[int]] = {}
    for each in pending:
        offsets.setdefault(_partition(each), []).append(each.offset)
    limits = {partition: sorted(found)[len(found) // 2] for partition, found in offsets.items()}
    return lambda each: each.offset <= limits[_partition(each)]


def _partition(each: Expected | Actual) -> int:
    return each.source.number if isinstance(each, Expected) else each.sink.number
