"""The scope of an audit: the partitions, and from where to where each of them is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import time

from heartzone_cli.audit.edges import Edges
from heartzone_cli.audit.offsets import TopicOffsets
from heartzone_cli.audit.partitions import Sink, Source
from heartzone_cli.cluster.topic_reader import Offsets
from heartzone_cli.errors import CannotRunError
from service_chassis.consumer_groups.reader import Topic

CLOCKS_DIFFER = 3_600_000
"""Milliseconds by which the clocks that gave records their timestamps may differ: brokers let no more pass."""
WINDOW_PARTS = 5 / 4 + 1 / 4
"""A deduplication window, the quarter beyond it, and the one that is not read from its beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says. Times are milliseconds since the epoch."""

    start: int | None = None
    stop: int | None = None
    partitions: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """Where a topic is read: offsets by partition."""

    topic: Topic
    starts: Offsets
    ends: Offsets


@dataclass(frozen=True, slots=True)
class Scope:
    """The three ranges, and what follows from them for judgement. `until`: where the judged input ends."""

    inputs: Range
    outputs: Range
    letters: Range
    edges: Edges
    tail: Mapping[int, int]
    """Ends of the input behind `inputs.ends`, where what explains an event may be."""
    foreign: Sequence[int] | None
    """Where the output is read whole: the partitions of the input that events have to be of, else None."""


def find_scope(offsets: TopicOffsets, topics: tuple[str, str, str], options: Options, window: float) -> Scope:
    """Look up all offsets: those of the group first, so that what it has processed is before the other ends.

    Raises TopicUnavailableError, and CannotRunError for a partition that is not there.
    """
    biometrics, zones, dead_letters = (offsets.topic(name) for name in topics)
    committed = offsets.committed(biometrics)
    output_ends, letter_ends = offsets.end(zones), offsets.end(dead_letters)
    input_ends = offsets.last_stable(biometrics)
    chosen = _chosen(biometrics, options.partitions)
    same = options.partitions and len(zones.partitions) == len(biometrics.partitions)
    sinks = {number: Sink(number) for number in (chosen if same else zones.partitions)}
    sources = {number: Source(number, committed=_valid(committed.get(number), input_ends[number])) for number in chosen}

    first = offsets.first(biometrics)
    starts = dict(first)
    judged = dict(first)
    if options.start is not None:
        judged = offsets.at(biometrics, options.start)
        starts = offsets.at(biometrics, max(0, options.start - int(window * 1000 * WINDOW_PARTS)))
    stops = offsets.at(biometrics, options.stop) if options.stop is not None else input_ends
    ends, tail = {}, {}
    for number, source in sources.items():
        source.start = judged[number]
        source.cut = judged[number] > 0
        stop = max(min(stops[number], input_ends[number]), judged[number])
        processed = stop if source.committed is None else max(judged[number], min(source.committed, stop))
        ends[number], tail[number] = processed, stop
    edges = Edges(
        sources,
        sinks,
        ends_early=any(tail[number] < input_ends[number] for number in sources),
        partial=len(biometrics.partitions) if options.partitions else 0,
        output_partitions=len(zones.partitions),
    )
    output_starts, cut = _starts(offsets, zones, options.start)
    for number, sink in sinks.items():
        sink.cut = cut[number]
    letter_starts, letters_cut = _starts(offsets, dead_letters, options.start)
    edges.cut_letters = _those(letters_cut)
    return Scope(
        inputs=Range(biometrics, {number: starts[number] for number in sources}, ends),
        outputs=Range(zones, *_of(sinks, output_starts, output_ends)),
        letters=Range(dead_letters, letter_starts, letter_ends),
        edges=edges,
        tail=tail,
        foreign=chosen if options.partitions and not same else None,
    )


def note_processed(offsets: TopicOffsets, scope: Scope) -> Offsets:
    """Take notice of the group's offsets; return up to where the input is to be read now.

    One beyond the end, as one that was set by hand may be, says nothing about what was processed.
    """
    committed = offsets.committed(scope.inputs.topic)
    ends = offsets.last_stable(scope.inputs.topic)
    for number, offset in committed.items():
        scope.edges.sources[number].committed = _valid(offset, ends[number])
    return {number: min(offset, ends[number]) for number, offset in committed.items()}


def note_deletions(offsets: TopicOffsets, scope: Scope) -> None:
    """Take notice of records that retention has deleted while the topics were read."""
    edges = scope.edges
    firsts = offsets.first(scope.inputs.topic)
    for number, source in edges.sources.items():
        source.cut |= firsts[number] > scope.inputs.starts[number]
    firsts = offsets.first(scope.outputs.topic)
    for number, sink in edges.sinks.items():
        sink.cut |= firsts[number] > scope.outputs.starts[number]
    firsts = offsets.first(scope.letters.topic)
    edges.cut_letters |= {number for number, start in scope.letters.starts.items() if firsts[number] > start}


def find_following_scope(offsets: TopicOffsets, topics: tuple[str, str, str], options: Options, window: float) -> Scope:
    """Look up where to begin to follow: at a time, or else now. Nothing is read before the first round.

    The last stable offsets first: what comes of records at or above the group's offsets lies behind them.
    """
    biometrics, zones, dead_letters = (offsets.topic(name) for name in topics)
    output_starts, letter_starts = offsets.last_stable(zones), offsets.last_stable(dead_letters)
    committed = offsets.committed(biometrics)
    first, ends = offsets.first(biometrics), offsets.last_stable(biometrics)
    judged = {number: max(first[number], min(committed.get(number, 0), ends[number])) for number in first}
    now = options.start if options.start is not None else int(time() * 1000)
    warm = offsets.at(biometrics, max(0, now - int(window * 1000 * WINDOW_PARTS)))
    cut = dict.fromkeys(zones.partitions, False)
    cut_letters: frozenset[int] = frozenset()
    if options.start is not None:
        judged = offsets.at(biometrics, options.start)
        output_starts, cut = _starts(offsets, zones, options.start)
        letter_starts, some_cut = _starts(offsets, dead_letters, options.start)
        cut_letters = _those(some_cut)
    starts = {number: min(warm[number], judged[number]) for number in judged}
    sources = {
        number: Source(number, start=offset, committed=_valid(committed.get(number), ends[number]), cut=offset > 0)
        for number, offset in judged.items()
    }
    sinks = {number: Sink(number, cut=cut[number]) for number in zones.partitions}
    return Scope(
        inputs=Range(biometrics, starts, dict(starts)),
        outputs=Range(zones, output_starts, dict(output_starts)),
        letters=Range(dead_letters, letter_starts, dict(letter_starts)),
        edges=Edges(sources, sinks, cut_letters=cut_letters),
        tail={},
        foreign=None,
    )


def _valid(committed: int | None, end: int) -> int | None:
    return None if committed is None or committed > end else committed


def _chosen(topic: Topic, wanted: Sequence[int]) -> Sequence[int]:
    for number in wanted:
        if number not in topic.partitions:
            last = topic.partitions[-1]
            raise CannotRunError(
                f"The topic {topic.name} has no partition {number}; one of 0 to {last} would be right."
            )
    return sorted(set(wanted)) or topic.partitions


def _starts(offsets: TopicOffsets, topic: Topic, start: int | None) -> tuple[Offsets, dict[int, bool]]:
    """Return where an output is read from, and whether what belongs to the range may have been deleted before."""
    first = offsets.first(topic)
    starts = first if start is None else offsets.at(topic, max(0, start - CLOCKS_DIFFER))
    return starts, {number: starts[number] == first[number] > 0 for number in first}


def _those(cut: Mapping[int, bool]) -> frozenset[int]:
    return frozenset(number for number, is_cut in cut.items() if is_cut)


def _of(chosen: Mapping[int, object], starts: Offsets, ends: Offsets) -> tuple[Offsets, Offsets]:
    return {number: starts[number] for number in chosen}, {
        number: max(starts[number], ends[number]) for number in chosen
    }
