"""Reading in step: what is pending stays bounded, and damages that exceed the bound are found all the same."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import pytest

from heartzone_cli.audit import lockstep, matching, seen_events
from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.edges import Edges
from heartzone_cli.audit.findings import Finding, Found
from heartzone_cli.audit.lockstep import Lockstep
from heartzone_cli.audit.partitions import Sink, Source
from heartzone_testing.traffic.logs import LogRecord, biometrics, events_of

TOPICS = ("in", "out", "letters")
PARTITIONS = 2
LIMIT = 40  # pending events of a partition, at most
BATCH = 5
DEVICES = [f"3fa85f64-5717-4562-b3fc-2c963f66afa{number}" for number in range(6)]


class ListReader:
    """Reads lists as `LogReader` reads a topic; partitions in turn, a run of records of each at a time."""

    def __init__(self, records: Sequence[LogRecord], random: Random, run: int) -> None:
        self._left = [[each for each in records if each.partition() == number] for number in range(PARTITIONS)]
        self._random, self._run = random, run
        self.paused: frozenset[int] = frozenset()
        self.waiting: frozenset[int] = frozenset()

    @property
    def unfinished(self) -> frozenset[int]:
        return frozenset(number for number, left in enumerate(self._left) if left)

    @property
    def finished(self) -> bool:
        return not self.unfinished

    @property
    def readable(self) -> bool:
        return bool(self.unfinished - self.paused)

    def read(self, timeout: float) -> list[LogRecord]:
        number = self._random.choice(sorted(self.unfinished - self.paused))
        size = self._random.randint(1, self._run)
        records, self._left[number] = self._left[number][:size], self._left[number][size:]
        return records

    def pause(self, partitions: Iterable[int]) -> None:
        self.paused |= set(partitions)

    def resume(self, partitions: Iterable[int]) -> None:
        self.paused -= set(partitions)


def logs(number: int) -> tuple[list[LogRecord], list[LogRecord]]:
    """Input and output; one reading a record, the even ones in partition 0."""
    inputs = [
        LogRecord((index % 2, index), key.encode(), biometrics(key, [(f"2026-01-01T00:00:00.{index:07}Z", 150)]), index)
        for index in range(number)
        for key in [DEVICES[index % 6]]
    ]
    return inputs, [LogRecord(each.at, *event, each.time) for each in inputs for event in events_of(each)]


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockstep, "LEAST_PENDING", 1)
    monkeypatch.setattr(lockstep, "AHEAD", 20)
    monkeypatch.setattr(seen_events, "_MIN_BITS", 1 << 13)  # some events seem to be copies, as among millions


def compare(inputs: Sequence[LogRecord], events: Sequence[LogRecord], seed: int, *, run: int = BATCH) -> list[Found]:
    found: list[Found] = []
    random, most = Random(seed), 0
    edges = Edges({number: Source(number, committed=10**6) for number in range(2)}, {n: Sink(n) for n in range(2)})
    comparison = Comparison(TOPICS, edges, found.append, window=0, check_schema=lambda _: None, expected_events=1)
    matcher = comparison.matcher

    def watch() -> None:
        nonlocal most
        most = max(most, matcher.expected, matcher.actual)

    readers = [ListReader(each, random, run) for each in (inputs, events, [])]
    reading = dict(zip(("inputs", "outputs", "letters"), readers, strict=True))
    Lockstep(comparison, watch=watch, max_pending=LIMIT * PARTITIONS, **reading).run()  # type: ignore[arg-type]
    comparison.settlement.settle_all()
    assert most <= (LIMIT + run) * PARTITIONS
    return found


@pytest.mark.parametrize("seed", range(10))
def test_right_logs_of_which_parts_are_read_far_apart_have_no_finding(seed: int) -> None:
    assert compare(*logs(1_000), seed, run=30) == []


@pytest.mark.parametrize("seed", range(3))
def test_more_missing_events_than_may_be_pending_are_each_found(seed: int) -> None:
    inputs, events = logs(1_000)

    found = compare(inputs, [each for each in events if not 300 <= each.offset() < 700], seed)

    assert {each.finding for each in found} == {Finding.MISSING}
    assert sorted(each.place.offset for each in found) == list(range(300, 700))


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_partition_that_is_missing_is_found_and_the_other_is_not_touched(seed: int) -> None:
    inputs, events = logs(600)

    found = compare(inputs, [each for each in events if each.partition() == 1], seed)

    assert sorted(each.place for each in found) == [("in", 0, offset) for offset in range(0, 600, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_a_part_of_the_output_that_comes_a_second_time_is_found_as_doubled(seed: int) -> None:
    inputs, events = logs(1_000)
    again = [
        LogRecord((each.partition(), 1_000 + each.offset()), each.key(), each.value(), 0) for each in events[100:500]
    ]
    rest = [LogRecord((each.partition(), 2_000 + each.offset()), each.key(), each.value(), 0) for each in events[500:]]

    found = compare(inputs, [*events[:500], *again, *rest], seed)

    assert {each.finding for each in found} == {Finding.DOUBLED}
    assert sorted(each.place.offset for each in found) == list(range(1_100, 1_500))


@pytest.mark.parametrize("seed", range(5))
def test_more_altered_events_than_may_be_pending_are_each_found(seed: int) -> None:
    inputs, events = logs(1_000)
    altered = [replace(each, its_value=(each.its_value or b"").replace(b'"Zone":3', b'"Zone":4')) for each in events]

    found = compare(inputs, [*events[:300], *altered[300:700], *events[700:]], seed)

    assert {each.finding for each in found} == {Finding.ALTERED}
    assert sorted(each.place.offset for each in found) == list(range(300, 700))


@pytest.mark.parametrize("seed", range(5))
def test_a_gap_longer_than_what_is_searched_and_may_be_pending_has_no_findings_but_its_own(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "SEARCHED", 10)
    inputs, events = logs(1_000)

    found = compare(inputs, [each for each in events if not 300 <= each.offset() < 700], seed)

    assert {each.finding for each in found} == {Finding.MISSING}
    assert sorted(each.place.offset for each in found) == list(range(300, 700))
