"""Judgement on what has no counterpart: a finding, or something that lies at an edge of what was read. Pure.

A worker processes the records of a partition of the input in their order, and writes their events in that order, too.
So once any event of a partition is found, what belongs to its later records follows; and what precedes an event that
belongs to the range belongs to it, or to what lies before. Of records that say the same, any may be the one that is
left over, once a device has moved to another partition: then what may be said of one of them is said of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heartzone_cli.audit.device import Actual, Device, Expected
from heartzone_cli.audit.findings import Unjudged
from heartzone_cli.audit.partitions import Link, Sink, Source, usual_partition

BACKLOG = 60_000
"""Milliseconds after a partition was added in which events of records come that were written before."""


@dataclass(slots=True)
class Edges:
    """What was read of the three topics. `ends_early`: records of the input may have been written behind the last."""

    sources: Mapping[int, Source]
    sinks: Mapping[int, Sink]
    ends_early: bool = False
    cut_letters: frozenset[int] = frozenset()
    """Partitions of the dead letters whose first ones were deleted, by retention or `dead-letters drop`."""
    letters_open: bool = False
    partial: int = 0
    """Where some partitions of the input are read only: how many it has."""
    output_partitions: int = 0
    """How many partitions the output has; 0 where all are read."""
    moved: bool = False
    """Whether any device has moved from one partition of a topic to another."""
    earliest_time: int | None = None
    """The least timestamp of the first records of the input's partitions: no event of them is older."""

    def has_moved(self, key: bytes, device: Device) -> bool:
        """Whether a device was in several partitions, or is not where it belongs since there are as many as now."""
        inputs, outputs = self.partial or len(self.sources), self.output_partitions or len(self.sinks)
        return (
            device.scattered
            or (device.source is not None and device.source.number != usual_partition(key, inputs))
            or (device.home is not None and device.home.number != usual_partition(key, outputs))
        )

    def unjudged_reading(self, key: bytes, expected: Expected, device: Device, *, is_copy: bool) -> Unjudged | None:
        """Say why a reading without its event is no finding; None where it is one."""
        source, offset = expected.source, expected.offset
        if not source.is_processed(offset):
            return Unjudged.NOT_PROCESSED
        if expected.optional:
            return Unjudged.DUPLICATE_OR_NOT
        if self.partial and device.home is None and usual_partition(key, self.partial) != source.number:
            return Unjudged.OTHER_PARTITION
        is_doubtful = is_copy and device.doubts and any(sink.cut for sink in self.sinks.values())
        equal = [expected, *(each for each, _ in self._guesses(device) if each.payload == expected.payload)]
        if is_doubtful or any(self._is_reading_at_start(key, each, device) for each in equal):
            return Unjudged.START_OF_RANGE
        for sink in self._sinks_of(device):
            link = source.links.get(sink.number)
            if sink.open and (link is None or offset >= link.last_reading):
                return Unjudged.OPEN_TRANSACTION
        return None

    def _sinks_of(self, device: Device) -> Iterable[Sink]:
        return self.sinks.values() if device.home is None or device.scattered else (device.home,)

    def _guesses(self, device: Device) -> Sequence[tuple[Expected, Actual]]:
        """Return the matches in which one of several that say the same may have been taken for another one.

        Where devices have moved, order does not tell them apart; those that are known to have moved stand for others,
        whose records in another partition are deleted.
        """
        return device.beginning.pairs if self.moved and device.beginning is not None else ()

    def _is_reading_at_start(self, key: bytes, expected: Expected, device: Device) -> bool:
        """Whether its event may have been deleted."""
        source, offset = expected.source, expected.offset
        for sink in self._sinks_of(device):
            link = source.links.get(sink.number)
            if sink.cut and (link is None or offset <= link.first_reading):
                return True
        return self._was_elsewhere(key, expected, device)

    def _was_elsewhere(self, key: bytes, expected: Expected, device: Device) -> bool:
        """Whether its event may have been deleted from a partition where the device was while there were fewer of them.

        Or where it has been since there are more, and its home is the one of before.
        """
        source, offset, home = expected.source, expected.offset, device.home
        count = self.output_partitions or len(self.sinks)
        if home is None:
            return False
        is_behind = not self._guesses(device) and device.first_reading is not None and offset >= device.first_reading
        if is_behind and home.number == usual_partition(key, count):
            return False
        for number in {usual_partition(key, fewer) for fewer in range(1, count + 1)} - {home.number}:
            link, sink = source.links.get(number), self.sinks.get(number)
            if sink is not None and sink.cut and (link is None or offset <= link.first_reading):
                return True
        return False

    def unjudged_poison(self, source: Source, offset: int, *, optional: bool) -> Unjudged | None:
        """Say why a record that should be a dead letter and is none is no finding; None where it is one."""
        if not source.is_processed(offset):
            return Unjudged.NOT_PROCESSED
        if optional:
            return Unjudged.DUPLICATE_OR_NOT
        if any(offset < source.first_letters.get(number, offset + 1) for number in self.cut_letters):
            return Unjudged.START_OF_RANGE
        return Unjudged.OPEN_TRANSACTION if self.letters_open else None

    def unjudged_event(self, key: bytes, actual: Actual, device: Device, *, is_copy: bool) -> Unjudged | None:
        """Say why an event without its reading is no finding; None where it is one.

        A copy of another event is one of a deleted reading only where that said the same, too.
        """
        is_doubtful = is_copy and device.doubts and any(source.cut for source in self.sources.values())
        equal = [actual, *(each for _, each in self._guesses(device) if each.payload == actual.payload)]
        if is_doubtful or any(self._is_event_at_start(key, each, device, is_copy=is_copy) for each in equal):
            return Unjudged.START_OF_RANGE
        links = _links(self._possible_sources(device), actual.sink.number)
        if self.ends_early and not _precedes_all(actual.offset, links):
            return Unjudged.END_OF_RANGE
        return None

    def _is_event_at_start(self, key: bytes, actual: Actual, device: Device, *, is_copy: bool) -> bool:
        """Whether its reading may have been deleted."""
        sink, own = actual.sink.number, device.source
        is_old = self.earliest_time is not None and actual.timestamp < self.earliest_time
        if is_old or any(source.cut for source in self.sources.values()):
            # Of any of them: before partitions were added, the device may have been in another one.
            began = own is None or not own.cut or sink in own.links
            if not began or not _follows_all(actual.offset, _links(self.sources.values(), sink)):
                return True
            if not is_copy or self._guesses(device):
                return any(source.cut and sink not in source.links for source in self._earlier_sources(key, actual))
        return False

    def _earlier_sources(self, key: bytes, actual: Actual) -> Iterable[Source]:
        """Return where a device belongs by default, and where it did before partitions were added that are younger."""
        before = actual.timestamp - BACKLOG
        times = {number: source.first_time for number, source in self.sources.items()}
        existed = max((number for number, time in times.items() if time is not None and time <= before), default=0) + 1
        counts = range(existed, (self.partial or len(self.sources)) + 1)
        found = (self.sources.get(usual_partition(key, count)) for count in counts)
        return [source for source in found if source is not None]

    def _possible_sources(self, device: Device) -> Iterable[Source]:
        if device.source is not None and not device.scattered:
            return (device.source,)
        return self.sources.values()


def _links(sources: Iterable[Source], sink: int) -> list[Link]:
    return [link for source in sources if (link := source.links.get(sink)) is not None]


def _follows_all(offset: int, links: list[Link]) -> bool:
    return bool(links) and all(link.first_event < offset for link in links)


def _precedes_all(offset: int, links: list[Link]) -> bool:
    return bool(links) and all(link.last_event > offset for link in links)
