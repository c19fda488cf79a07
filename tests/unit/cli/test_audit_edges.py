"""The edges of an audit: records whose counterparts are deleted are counted apart, and the others are judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from zlib import crc32

import pytest

from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.edges import Edges
from heartzone_cli.audit.findings import Finding, Found, Unjudged
from heartzone_cli.audit.partitions import Sink, Source
from heartzone_testing.traffic.logs import LogRecord, Logs, biometrics, events_of

PARTITIONS = 3
DEVICES = [f"3fa85f64-5717-4562-b3fc-2c963f66afa{number}" for number in range(6)]
Cut = Sequence[int]
"""The first offset that is left, by partition."""
WHOLE: Cut = (0, 0, 0)


Audited = tuple[list[tuple[Finding, str, int, int]], Counter[Unjudged]]


def audit(logs: Logs, random: Random, *, inputs_cut: Cut = WHOLE, outputs_cut: Cut = WHOLE) -> Audited:
    """Compare what is left of the logs, read in steps of random lengths."""
    sources = {
        number: Source(number, start=start, committed=10**6, cut=start > 0) for number, start in enumerate(inputs_cut)
    }
    sinks = {number: Sink(number, cut=start > 0) for number, start in enumerate(outputs_cut)}
    found: list[Found] = []
    comparison = Comparison(
        ("in", "out", "letters"), Edges(sources, sinks), found.append, window=0, check_schema=_right
    )
    comparison.letters_complete = True
    left = [
        (comparison.add_inputs, mixed(logs.inputs, inputs_cut, random)),
        (comparison.add_events, mixed(logs.events, outputs_cut, random)),
    ]
    while any(records for _, records in left):
        add, records = random.choice(left)
        size = random.randint(1, 5)
        add(records[:size])
        del records[:size]
    comparison.settlement.settle_all()
    assert comparison.matcher.expected == comparison.matcher.actual == 0
    return sorted((each.finding, *each.place) for each in found), comparison.unjudged


def _right(_: int) -> None:
    return None


def mixed(records: Sequence[LogRecord], cut: Cut, random: Random) -> list[LogRecord]:
    """What is left of each partition, in another order between them."""
    left = [each for each in records if each.offset() >= cut[each.partition()]]
    queues = [[each for each in left if each.partition() == number] for number in range(PARTITIONS)]
    return [random.choice([queue for queue in queues if queue]).pop(0) for _ in left]


def in_one_partition(*readings: tuple[int, str]) -> Logs:
    """A record for each device and time, and its event."""
    logs = Logs()
    for at, (number, time) in enumerate(readings):
        device = DEVICES[number]
        record = LogRecord((0, at), device.encode(), biometrics(device, [(f"2026-01-01T00:00:{time}Z", 150)]), at)
        logs.inputs.append(record)
        logs.events += [LogRecord((0, at), *event, at) for event in events_of(record)]
    return logs


@pytest.mark.parametrize("seed", range(5))
def test_an_event_like_that_of_a_deleted_reading_is_neither_doubled_nor_out_of_order(seed: int) -> None:
    logs = in_one_partition((0, "07"), (1, "01"), (0, "02"), (0, "07"), (2, "03"))

    assert audit(logs, Random(seed), inputs_cut=(2, 0, 0)) == ([], {Unjudged.START_OF_RANGE: 2})


@pytest.mark.parametrize("seed", range(5))
def test_a_reading_like_one_whose_event_is_deleted_is_not_missing(seed: int) -> None:
    logs = in_one_partition((0, "07"), (1, "01"), (0, "02"), (0, "07"), (2, "03"))

    assert audit(logs, Random(seed), outputs_cut=(2, 0, 0)) == ([], {Unjudged.START_OF_RANGE: 2})


@pytest.mark.parametrize("seed", range(5))
def test_what_is_wrong_behind_the_edge_is_found_all_the_same(seed: int) -> None:
    logs = in_one_partition(*((at % 2, f"{at:02}") for at in range(40)))
    (missing, early, late), copy = (logs.events[at] for at in (20, 26, 28)), logs.events[31]
    logs.events[26] = replace(late, at=early.at)
    logs.events[28] = replace(early, at=late.at)
    logs.events.remove(missing)
    logs.events.append(replace(copy, at=(0, 40)))

    found, unjudged = audit(logs, Random(seed), inputs_cut=(10, 0, 0))

    doubled, *misordered, last = found
    assert (doubled, last) == ((Finding.DOUBLED, "out", 0, 40), (Finding.MISSING, "in", 0, 20))
    assert misordered
    assert set(misordered) <= {(Finding.MISORDERED, "out", 0, 26), (Finding.MISORDERED, "out", 0, 28)}
    assert unjudged == {Unjudged.START_OF_RANGE: 10}


@pytest.mark.parametrize("seed", range(5))
def test_a_recording_that_was_replayed_hours_later_does_not_explain_the_events_of_the_first_time(seed: int) -> None:
    times = [(number, f"{at:02}") for at in range(50) for number in (0, 1)]
    logs, replayed = in_one_partition(*times), in_one_partition(*times)
    for first, again in ((logs.inputs, replayed.inputs), (logs.events, replayed.events)):
        first += [replace(each, at=(0, 100 + each.offset()), time=4 * 3_600_000 + each.time) for each in again]

    assert audit(logs, Random(seed), inputs_cut=(100, 0, 0)) == ([], {Unjudged.START_OF_RANGE: 100})
    assert audit(logs, Random(seed), inputs_cut=(60, 0, 0)) == ([], {Unjudged.START_OF_RANGE: 60})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("minutes", [50, 5_000])
def test_clocks_that_differ_make_no_finding(minutes: int, seed: int) -> None:
    logs = in_one_partition(*((at % 2, f"{at:02}") for at in range(40)))
    logs.inputs = [replace(each, time=each.time + minutes * 60_000) for each in logs.inputs]

    assert audit(logs, Random(seed), inputs_cut=(10, 0, 0)) == ([], {Unjudged.START_OF_RANGE: 10})
    assert audit(logs, Random(seed), outputs_cut=(10, 0, 0))[0] == []


@dataclass(frozen=True)
class Kind:
    """How right logs are written and cut. `equal`: many readings say the same; growth: from two partitions to three."""

    equal: bool = False
    inputs_grow: bool = False
    outputs_grow: bool = False
    inputs_cut: bool = False
    outputs_cut: bool = False


KINDS = [
    Kind(outputs_grow=True),
    Kind(equal=True, inputs_grow=True, outputs_grow=True),
    Kind(equal=True, outputs_grow=True, inputs_cut=True),
    Kind(equal=True, outputs_grow=True, outputs_cut=True),
    Kind(equal=True, outputs_grow=True, inputs_cut=True, outputs_cut=True),
    Kind(equal=True, inputs_grow=True, outputs_cut=True),
    Kind(equal=True, inputs_grow=True, outputs_grow=True, inputs_cut=True),
    Kind(equal=True, inputs_grow=True, outputs_grow=True, outputs_cut=True),
    Kind(equal=True, inputs_cut=True),
    Kind(equal=True, outputs_cut=True),
    Kind(equal=True, inputs_cut=True, outputs_cut=True),
    Kind(inputs_grow=True, inputs_cut=True),
    Kind(outputs_grow=True, inputs_cut=True),
    Kind(inputs_grow=True, outputs_cut=True),
    Kind(outputs_grow=True, outputs_cut=True),
    Kind(inputs_grow=True, outputs_grow=True, inputs_cut=True, outputs_cut=True),
]


@pytest.mark.parametrize("seed", range(26))
@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_right_logs_have_no_finding_wherever_each_partition_is_cut(kind: Kind, seed: int) -> None:
    assert findings_in_right_logs(kind, seed) == []


@pytest.mark.parametrize("outputs_cut", [False, True])
def test_right_logs_seldom_have_a_finding_where_retention_has_deleted_every_sign_of_a_move(
    *, outputs_cut: bool
) -> None:
    kind = Kind(equal=True, inputs_grow=True, inputs_cut=True, outputs_cut=outputs_cut)

    assert sum(bool(findings_in_right_logs(kind, seed)) for seed in range(50)) <= 2


def findings_in_right_logs(kind: Kind, seed: int) -> list[tuple[Finding, str, int, int]]:
    random = Random(seed)
    logs = right_logs(kind, random)
    inputs_cut = cut(logs.inputs, random) if kind.inputs_cut else WHOLE
    outputs_cut = cut(logs.events, random) if kind.outputs_cut else WHOLE
    return audit(logs, random, inputs_cut=inputs_cut, outputs_cut=outputs_cut)[0]


def cut(records: Sequence[LogRecord], random: Random) -> Cut:
    counts = [sum(each.partition() == number for each in records) for number in range(PARTITIONS)]
    return [random.randint(0, count) for count in counts]


def right_logs(kind: Kind, random: Random) -> Logs:
    """Logs of workers that are behind, of each partition differently, while partitions are added."""
    logs, count, now = Logs(), random.randint(20, 120), 0
    growth = {"in": random.randint(5, count), "out": random.randint(5, count)}
    waiting: list[list[LogRecord]] = [[] for _ in range(PARTITIONS)]
    numbers = iter(range(10**6))
    ends = {topic: [0] * PARTITIONS for topic in growth}

    def place(topic: str, key: bytes, number: int, *, grows: bool) -> tuple[int, int]:
        partition = crc32(key) % (PARTITIONS - 1 if grows and number < growth[topic] else PARTITIONS)
        ends[topic][partition] += 1
        return partition, ends[topic][partition] - 1

    def process(number: int) -> None:
        record = random.choice([queue for queue in waiting if queue]).pop(0)
        for key, value in events_of(record):
            logs.events.append(LogRecord(place("out", key, number, grows=kind.outputs_grow), key, value, now))

    for number in range(count):
        now += random.randint(0, 1500)
        device = random.choice(DEVICES)
        readings = [
            (f"2026-01-01T00:00:0{random.randint(0, 3)}Z", 150)
            if kind.equal and random.random() < 0.5
            else (f"2026-01-01T00:00:00.{next(numbers):07}Z", random.choice([90, 110, 150, 190]))
            for _ in range(random.randint(1, 3))
        ]
        at = place("in", device.encode(), number, grows=kind.inputs_grow)
        record = LogRecord(at, device.encode(), biometrics(device, readings), now)
        logs.inputs.append(record)
        waiting[at[0]].append(record)
        while any(waiting) and random.random() > 0.6:
            process(number)
    while any(waiting):
        process(count)
    return logs
