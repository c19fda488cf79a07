"""Judgement on what has no counterpart: a finding, or something that lies at an edge of what was read. Pure.

A worker processes the records of a partition of the input in their order, and writes their events in that order, too.
So once any event of a partition is found, what belongs to its later records follows; and what precedes an event that
belongs to the range belongs to it, or to what lies before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from heartzone_cli.audit.findings import Unjudged
from heartzone_cli.audit.matching import Actual, Device, Expected
from heartzone_cli.audit.partitions import Link, Sink, Source, usual_partition


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
    earliest_time: int | None = None
    """The least timestamp of the first records of the input's partitions: no event of them is older."""

    def unjudged_reading(self, key: bytes, expected: Expected, device: Device) -> Unjudged | None:
        """Say why a reading without its event is no finding; None where it is one."""
        source, offset = expected.source, expected.offset
        if not source.is_processed(offset):
            return Unjudged.NOT_PROCESSED
        if expected.optional:
            return Unjudged.DUPLICATE_OR_NOT
        if self.partial and device.home is None and usual_partition(key, self.partial) != source.number:
            return Unjudged.OTHER_PARTITION
        sinks = self.sinks.values() if device.home is None or device.scattered else (device.home,)
        for sink in sinks:
            link = source.links.get(sink.number)
            if sink.cut and (link is None or offset <= link.first_reading):
                return Unjudged.START_OF_RANGE
            if sink.open and (link is None or offset >= link.last_reading):
                return Unjudged.OPEN_TRANSACTION
        return None

    def unjudged_poison(self, source: Source, offset: int, *, optional: bool) -> Unjudged | None:
        """Say why a record that should be a dead letter and is none is no finding; None where it is one."""
        if not source.is_processed(offset):
            return Unjudged.NOT_PROCESSED
        if optional:
            return Unjudged.DUPLICATE_OR_NOT
        if any(offset < source.first_letters.get(number, offset + 1) for number in self.cut_letters):
            return Unjudged.START_OF_RANGE
        return Unjudged.OPEN_TRANSACTION if self.letters_open else None

    def unjudged_event(self, actual: Actual, device: Device) -> Unjudged | None:
        """Say why an event without its reading is no finding; None where it is one."""
        sink, own = actual.sink.number, device.source
        is_old = self.earliest_time is not None and actual.timestamp < self.earliest_time
        if is_old or any(source.cut for source in self.sources.values()):
            # Of any of them: before partitions were added, the device may have been in another one.
            began = own is None or not own.cut or sink in own.links
            if not began or not _follows_all(actual.offset, _links(self.sources.values(), sink)):
                return Unjudged.START_OF_RANGE
        links = _links(self._possible_sources(device), sink)
        if self.ends_early and not _precedes_all(actual.offset, links):
            return Unjudged.END_OF_RANGE
        return None

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
