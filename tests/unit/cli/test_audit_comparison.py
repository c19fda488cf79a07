"""The comparison of an audit: silent on every right set of logs, and each damage found where it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from zlib import adler32, crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.device import SEARCHED
from heartzone_cli.audit.edges import Edges
from heartzone_cli.audit.findings import Finding, Found, Unjudged
from heartzone_cli.audit.partitions import Sink, Source
from heartzone_testing.traffic.logs import (
    INPUT_SCHEMA_ID,
    OUTPUT_SCHEMA_ID,
    LogRecord,
    Logs,
    biometrics,
    events_of,
    frame,
    letter_of,
)

TOPICS = ("in", "out", "letters")
PARTITIONS = 3
WINDOW = 8.0  # seconds
DEVICES = [f"3fa85f64-5717-4562-b3fc-2c963f66afa{number}" for number in range(6)]
HEART_RATES = (90, 110, 130, 150, 170, 190)


def partition_of(device: str) -> int:
    """As librdkafka's partitioner chooses it."""
    return crc32(device.encode()) % PARTITIONS


@dataclass
class Audited:
    found: list[Found]
    comparison: Comparison

    @property
    def places(self) -> list[tuple[Finding, str, int, int]]:
        return [(each.finding, *each.place) for each in self.found]


def audit(logs: Logs, random: Random, *, committed: int | None = 1_000_000, cut: bool = False) -> Audited:
    """Feed the logs in steps of random lengths, each topic's partitions in their order."""
    found: list[Found] = []
    sources = {number: Source(number, committed=committed, cut=cut) for number in range(PARTITIONS)}
    edges = Edges(sources, {number: Sink(number) for number in range(PARTITIONS)})
    comparison = Comparison(
        TOPICS,
        edges,
        found.append,
        window=WINDOW,
        check_schema=lambda number: None if number == OUTPUT_SCHEMA_ID else f"schema id {number} is of another subject",
        expected_events=1000,
    )
    comparison.add_letters(logs.letters)
    comparison.letters_complete = True
    left = [
        (comparison.add_inputs, shuffled(logs.inputs, random)),
        (comparison.add_events, shuffled(logs.events, random)),
    ]
    while any(records for _, records in left):
        add, records = random.choice(left)
        size = random.randint(1, 5)
        add(records[:size])
        del records[:size]
    comparison.settlement.settle_all()
    return Audited(found, comparison)


def shuffled(records: Sequence[LogRecord], random: Random) -> list[LogRecord]:
    """In another order between partitions."""
    queues = [[each for each in records if each.partition() == number] for number in range(PARTITIONS)]
    result = []
    while any(queues):
        queue = random.choice([each for each in queues if each])
        result.append(queue.pop(0))
    return result


class Writer:
    """Writes right logs: a device is in one partition, the same of both topics."""

    def __init__(self, random: Random) -> None:
        self.logs = Logs()
        self._random = random
        self._offsets = {topic: [count(random.randint(0, 5)) for _ in range(PARTITIONS)] for topic in TOPICS}
        self._numbers = count()
        self._time = 1_000_000

    def at(self, topic: str, partition: int) -> tuple[int, int]:
        for _ in range(self._random.choice([0, 0, 0, 1, 3])):  # control records, aborted ones, compacted ones
            next(self._offsets[topic][partition])
        return partition, next(self._offsets[topic][partition])

    def step(self, kind: str) -> None:
        """One record of the input, and what follows from it."""
        random, logs = self._random, self.logs
        device = random.choice(DEVICES)
        partition = partition_of(device)
        at = self.at("in", partition)
        self._time += random.randint(0, 500)
        keyed = ((("traceparent", b"00-1-2-3"), ("idempotency-key", b"%d" % next(self._numbers))),)
        if kind == "duplicate":
            earlier = [each for each in logs.inputs if each.its_headers and each.time > self._time - WINDOW * 1000]
            if earlier:
                copied = random.choice(earlier)
                at = self.at("in", copied.partition())
                logs.inputs.append(replace(copied, at=at, time=self._time))
            return
        if kind == "poison":
            value = random.choice([None, b"", b"\x01abcde", frame(INPUT_SCHEMA_ID, [])])
            record = LogRecord(at, device.encode(), value, self._time, *random.choice([(), keyed]))
            logs.inputs.append(record)
            logs.letters.append(letter_of(record, "in", self.at("letters", partition), "bad_frame"))
            return
        readings = [
            (f"2026-01-01T00:00:00.{next(self._numbers):07}Z", random.choice(HEART_RATES))
            for _ in range(random.randint(0, 3))
        ]
        if kind == "equal" and readings:
            readings = [readings[0], *readings[:1], *readings[1:]]
        record = LogRecord(at, device.encode(), biometrics(device, readings), self._time, *random.choice([(), keyed]))
        logs.inputs.append(record)
        if kind == "rejected":
            logs.letters.append(letter_of(record, "in", self.at("letters", partition), "record_too_large"))
            return
        for key, event in events_of(record):
            logs.events.append(LogRecord(self.at("out", partition), key, event, self._time + 20))


KINDS = st.lists(
    st.sampled_from(["plain", "plain", "plain", "duplicate", "poison", "equal", "rejected"]), min_size=1, max_size=40
)
RANDOM = st.randoms(use_true_random=False)
FEW = settings(max_examples=30, derandomize=True)


def right_logs(kinds: Sequence[str], random: Random) -> Logs:
    writer = Writer(random)
    for kind in kinds:
        writer.step(kind)
    return writer.logs


@FEW
@given(KINDS, RANDOM)
def test_right_logs_have_no_finding_in_whichever_order_their_partitions_are_read(
    kinds: Sequence[str], random: Random
) -> None:
    audited = audit(right_logs(kinds, random), random)

    assert audited.found == []
    assert audited.comparison.unjudged == {}
    assert audited.comparison.matcher.expected == audited.comparison.matcher.actual == 0


@FEW
@given(KINDS, RANDOM)
def test_right_logs_whose_first_records_are_deleted_have_no_finding(kinds: Sequence[str], random: Random) -> None:
    logs = right_logs(kinds, random)
    limits = [random.randint(0, 40) for _ in range(PARTITIONS)]
    logs.inputs = [each for each in logs.inputs if each.offset() >= limits[each.partition()]]
    logs.letters = [each for each in logs.letters if int(dict(each.its_headers)["heartzone.dlq.offset"]) >= min(limits)]

    assert [each for each in audit(logs, random, cut=True).found if "letter" not in each.detail] == []


Damage = Callable[[Logs, int, Random], tuple[Finding, str, int, int]]


def lose(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    lost = logs.events.pop(at)
    source = next(each for each in logs.inputs if (lost.its_key, lost.its_value) in valid_events_of(each))
    return Finding.MISSING, "in", *source.at


def double(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    copied = logs.events[at]
    return append(logs, copied, Finding.DOUBLED)


def alter_zone(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    event = logs.events[at]
    value = event.its_value or b""
    zone = value.index(b'"Zone":') + 7
    other = bytes([(value[zone] - 48 + random.randint(1, 5)) % 6 + 48])
    logs.events[at] = replace(event, its_value=value[:zone] + other + value[zone + 1 :])
    return Finding.ALTERED, "out", *event.at


def add_foreign(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    (key, value), *_ = events_of(LogRecord((0, 0), None, biometrics(DEVICES[0], [("2027-01-01T00:00:00Z", 180)])))
    return append(logs, replace(logs.events[at], its_key=key, its_value=value), Finding.UNEXPLAINED, partition=0)


def change_key(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    logs.events[at] = replace(logs.events[at], its_key=random.choice([None, b"", DEVICES[0].upper().encode()]))
    return Finding.WRONG_KEY, "out", *logs.events[at].at


def change_schema(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    event = logs.events[at]
    logs.events[at] = replace(event, its_value=b"\0\0\0\0\x09" + (event.its_value or b"")[5:])
    return Finding.WRONG_SCHEMA, "out", *event.at


def empty(logs: Logs, at: int, random: Random) -> tuple[Finding, str, int, int]:
    value = random.choice([None, b"", b"\0\0\0\0\x02", b'\0\0\0\0\x02{"Zone":1}', b"{}"])
    logs.events[at] = replace(logs.events[at], its_value=value)
    return Finding.WRONG_SCHEMA, "out", *logs.events[at].at


def append(
    logs: Logs, record: LogRecord, finding: Finding, partition: int | None = None
) -> tuple[Finding, str, int, int]:
    number = record.partition() if partition is None else partition
    offset = max((each.offset() for each in logs.events if each.partition() == number), default=0) + 1
    logs.events.append(replace(record, at=(number, offset), time=10_000_000))
    return finding, "out", number, offset


def valid_events_of(record: LogRecord) -> list[tuple[bytes, bytes]]:
    return events_of(record) if record.its_value and b"DeviceId" in record.its_value else []


@pytest.mark.parametrize("damage", [lose, double, alter_zone, add_foreign, change_key, change_schema, empty])
@FEW
@given(kinds=KINDS, random=RANDOM)
def test_each_damage_is_found_where_it_is(damage: Damage, kinds: Sequence[str], random: Random) -> None:
    logs = right_logs([*[kind for kind in kinds if kind != "equal"], *["plain"] * 3], random)
    if not logs.events:
        return

    expected = damage(logs, random.randrange(len(logs.events)), random)

    assert expected in audit(logs, random).places


@FEW
@given(KINDS, RANDOM)
def test_two_events_of_a_device_that_changed_places_are_one_finding(kinds: Sequence[str], random: Random) -> None:
    logs = right_logs([*[kind for kind in kinds if kind != "equal"], *["plain"] * 10], random)
    pairs = [
        (first, second)
        for first, one in enumerate(logs.events)
        for second, other in enumerate(logs.events)
        if first < second and one.its_key == other.its_key
    ]
    if not pairs:
        return
    first, second = random.choice(pairs)
    one, other = logs.events[first], logs.events[second]
    logs.events[first], logs.events[second] = (
        replace(one, its_value=other.its_value),
        replace(other, its_value=one.its_value),
    )

    audited = audit(logs, random)

    assert audited.found
    assert {each.finding for each in audited.found} == {Finding.MISORDERED}
    assert {each.place[1:] for each in audited.found} <= {each.at for each in logs.events}


@FEW
@given(KINDS, RANDOM)
def test_an_event_in_another_partition_is_found_there(kinds: Sequence[str], random: Random) -> None:
    logs = right_logs([*kinds, *["plain"] * 10], random)
    here = [at for at, each in enumerate(logs.events) if sum(e.its_key == each.its_key for e in logs.events) > 1]
    if not here:
        return
    event = logs.events.pop(here[-1])
    if not {each.partition() for each in logs.events} >= set(range(PARTITIONS)):
        return  # with an empty partition, it may be that the topic had fewer of them
    place = append(logs, event, Finding.WRONG_PARTITION, partition=(event.partition() + 1) % PARTITIONS)

    audited = audit(logs, random)

    wrong = [each for each in audited.places if each[0] is Finding.WRONG_PARTITION]
    assert wrong
    assert place in wrong or all(each[1:] != place[1:] for each in wrong)


def test_what_the_group_has_not_processed_is_counted_apart() -> None:
    random = Random(1)
    logs = right_logs(["plain"] * 30, random)
    whole = len(logs.events)
    processed = [event for record in logs.inputs[:15] for event in events_of(record)]
    logs.events = logs.events[: len(processed)]

    audited = audit(logs, random, committed=None)

    assert audited.found == []
    assert audited.comparison.unjudged == {Unjudged.NOT_PROCESSED: whole - len(processed)}


def test_a_dead_letter_that_is_missing_doubled_or_of_no_record_is_found() -> None:
    random = Random(2)
    logs = right_logs(["poison"] * 3, random)
    lost = logs.letters.pop(0)
    doubled = replace(logs.letters[0], at=(logs.letters[0].partition(), 900))
    foreign = letter_of(LogRecord((0, 800), b"k", b"v"), "in", (0, 901))
    nameless = replace(foreign, at=(0, 902), its_headers=())
    altered = logs.letters[1] = replace(logs.letters[1], its_value=b"other")
    logs.letters += [doubled, foreign, nameless]

    places = audit(logs, random).places

    assert sorted(places) == sorted(
        [
            (
                Finding.MISSING,
                "in",
                *next(each for each in logs.inputs if each.its_key == lost.its_key and each.at == at_of(lost)).at,
            ),
            (Finding.DOUBLED, "letters", *doubled.at),
            (Finding.UNEXPLAINED, "letters", *foreign.at),
            (Finding.UNEXPLAINED, "letters", *nameless.at),
            (Finding.ALTERED, "letters", *altered.at),
        ]
    )


def at_of(letter: LogRecord) -> tuple[int, int]:
    headers = dict(letter.its_headers)
    return int(headers["heartzone.dlq.partition"]), int(headers["heartzone.dlq.offset"])


def test_a_duplicate_whose_events_are_there_is_found() -> None:
    key = (("idempotency-key", b"k"),)
    record = LogRecord((0, 0), DEVICES[0].encode(), biometrics(DEVICES[0], [("2026-01-01T00:00:00Z", 150)]), 1000, key)
    copy = replace(record, at=(0, 1), time=8000)
    later = replace(record, at=(0, 2), time=60_000)  # beyond the window of the copy
    events = [
        LogRecord((0, offset), *event, time)
        for offset, time in enumerate([1010, 8010, 60_010])
        for event in events_of(record)
    ]

    audited = audit(Logs([record, copy, later], events), Random(3))

    assert audited.places in ([(Finding.DOUBLED, "out", 0, 2)], [(Finding.DOUBLED, "out", 0, 1)])


def test_a_valid_record_may_not_become_a_dead_letter_because_of_what_it_is() -> None:
    record = LogRecord((0, 0), DEVICES[0].encode(), biometrics(DEVICES[0], [("2026-01-01T00:00:00Z", 150)]))
    letters = [letter_of(record, "in", (0, 7), "schema_violation")]

    assert audit(Logs([record], [], letters), Random(4)).places == [(Finding.UNEXPLAINED, "letters", 0, 7)]


@pytest.mark.parametrize("letter_first", [False, True])
def test_a_record_that_has_both_its_event_and_a_dead_letter_is_found_once(*, letter_first: bool) -> None:
    record = LogRecord((0, 0), DEVICES[0].encode(), biometrics(DEVICES[0], [("2026-01-01T00:00:00Z", 150)]))
    found: list[Found] = []
    edges = Edges({0: Source(0, committed=1)}, {0: Sink(0)})
    comparison = Comparison(TOPICS, edges, found.append, window=WINDOW, check_schema=lambda _: None)
    letters = [letter_of(record, "in", (0, 7), "record_too_large")]
    if letter_first:
        comparison.add_letters(letters)

    comparison.add_inputs([record])
    comparison.add_events([LogRecord((0, 3), *event) for event in events_of(record)])
    if not letter_first:
        comparison.add_letters(letters)
    comparison.settlement.settle_all()

    place = ("out", 0, 3) if letter_first else ("letters", 0, 7)
    assert [(each.finding, *each.place) for each in found] == [(Finding.DOUBLED, *place)]


@pytest.mark.parametrize(("cut", "unjudged"), [(frozenset(), 0), (frozenset({1}), 1)])
def test_poison_without_its_dead_letter_is_not_judged_where_that_may_have_been_deleted(
    cut: frozenset[int], unjudged: int
) -> None:
    poison = [LogRecord((0, offset), b"k", b"{") for offset in range(3)]
    edges = Edges({0: Source(0, committed=3)}, {0: Sink(0)}, cut_letters=cut)
    found: list[Found] = []
    comparison = Comparison(TOPICS, edges, found.append, window=WINDOW, check_schema=lambda _: None)
    comparison.add_letters([letter_of(poison[1], "in", (1, 9), "bad_frame")])

    comparison.add_inputs(poison)
    comparison.settlement.settle_all()

    assert comparison.unjudged[Unjudged.START_OF_RANGE] == unjudged
    assert [each.place.offset for each in found] == [0, 2][unjudged:]


def one_device(number: int) -> Logs:
    """A record and its event at each offset."""
    inputs = [
        LogRecord((0, at), DEVICES[0].encode(), biometrics(DEVICES[0], [(f"2026-01-01T00:00:00.{at:07}Z", 150)]), at)
        for at in range(number)
    ]
    return Logs(inputs, [LogRecord(each.at, *event, each.time) for each in inputs for event in events_of(each)])


def in_order(values: Sequence[LogRecord]) -> list[LogRecord]:
    """With the offsets that follow from their order."""
    return [replace(each, at=(0, at), time=at) for at, each in enumerate(values)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("came_from", "goes_to"), [(30, 10), (10, 30), (11, 10), (39, 0), (0, 39)])
def test_one_event_that_was_moved_is_the_only_one_that_is_misordered(came_from: int, goes_to: int, seed: int) -> None:
    logs = one_device(40)
    logs.events.insert(goes_to, logs.events.pop(came_from))
    logs.events = in_order(logs.events)

    places = audit(logs, Random(seed)).places

    adjacent = {goes_to, came_from} if abs(goes_to - came_from) == 1 else {goes_to}
    assert len(places) == 1
    assert places[0] in [(Finding.MISORDERED, "out", 0, at) for at in adjacent]


@pytest.mark.parametrize("seed", range(20))
def test_of_two_events_that_changed_places_both_are_misordered_and_none_between(seed: int) -> None:
    logs = one_device(40)
    logs.events[10], logs.events[30] = logs.events[30], logs.events[10]
    logs.events = in_order(logs.events)

    assert sorted(audit(logs, Random(seed)).places) == [(Finding.MISORDERED, "out", 0, at) for at in (10, 30)]


def test_a_gap_longer_than_what_is_searched_does_not_make_the_events_behind_it_findings() -> None:
    logs = one_device(2 * SEARCHED + 1_000)
    del logs.events[100 : 100 + SEARCHED + 200]

    assert sorted(feed_whole(logs)) == [(Finding.MISSING, "in", 0, at) for at in range(100, 100 + SEARCHED + 200)]


def test_an_event_that_was_moved_farther_than_what_is_searched_is_the_only_one_that_is_misordered() -> None:
    logs = one_device(2 * SEARCHED)
    logs.events.append(logs.events.pop(10))
    logs.events = in_order(logs.events)

    assert feed_whole(logs) == [(Finding.MISORDERED, "out", 0, 2 * SEARCHED - 1)]


def test_many_altered_events_of_one_device_are_each_found() -> None:
    logs = one_device(5_000)
    logs.events = [replace(each, its_value=(each.its_value or b"").replace(b":150,", b":151,")) for each in logs.events]

    assert feed_whole(logs) == [(Finding.ALTERED, "out", 0, at) for at in range(5_000)]


def feed_whole(logs: Logs) -> list[tuple[Finding, str, int, int]]:
    """All records of the input, then all events."""
    found: list[Found] = []
    edges = Edges({0: Source(0, committed=10**6)}, {0: Sink(0)})
    comparison = Comparison(TOPICS, edges, found.append, window=0, check_schema=lambda _: None)
    comparison.add_inputs(logs.inputs)
    comparison.add_events(logs.events)
    comparison.settlement.settle_all()
    return [(each.finding, *each.place) for each in found]


@pytest.mark.parametrize(
    ("device", "time"), [("3fa85f64", "2026-01-01T00:00:00Z"), (DEVICES[0], "2026-02-30T00:00:00Z")]
)
@pytest.mark.parametrize("heart_rate", [90, 150])
def test_a_record_whose_texts_have_not_their_formats_needs_a_dead_letter_and_may_have_no_event(
    device: str, time: str, heart_rate: int
) -> None:
    record = LogRecord((0, 3), device.encode(), biometrics(device, [(time, heart_rate)]))
    events = [LogRecord((0, 9), *event) for event in events_of(record)]

    assert audit(Logs([record], [], [letter_of(record, "in", (0, 7))]), Random(5)).places == []
    assert audit(Logs([record], []), Random(5)).places == [(Finding.MISSING, "in", 0, 3)]
    assert audit(Logs([record], events, [letter_of(record, "in", (0, 7))]), Random(5)).places == [
        (Finding.UNEXPLAINED, "out", *each.at) for each in events
    ]


MOVING = next(device for device in DEVICES if crc32(device.encode()) % 2 != crc32(device.encode()) % 3)
BEFORE, AFTER = crc32(MOVING.encode()) % 2, crc32(MOVING.encode()) % 3


def moved_logs(*, inputs_grow: bool, outputs_grow: bool) -> Logs:
    """Of a device, while each topic gets its third partition, or has it all the time."""
    logs = Logs()
    for number in range(40):
        at = [AFTER if number >= 20 or not grows else BEFORE for grows in (inputs_grow, outputs_grow)]
        value = biometrics(MOVING, [(f"2026-01-01T00:00:00.{number:07}Z", 150)])
        record = LogRecord((at[0], number), MOVING.encode(), value, number * 1000)
        logs.inputs.append(record)
        logs.events += [LogRecord((at[1], number), *event, number * 1000 + 20) for event in events_of(record)]
    later = next(device for device in DEVICES if crc32(device.encode()) % 3 == 2)
    record = LogRecord((2, 40), later.encode(), biometrics(later, [("2026-01-01T00:00:01Z", 150)]), 19_500)
    logs.inputs.append(record)
    logs.events += [LogRecord((2, 0), *event, 19_520) for event in events_of(record)]
    for queue in (logs.inputs, logs.events):
        queue.sort(key=LogRecord.offset)
    return logs


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("inputs_grow", "outputs_grow"), [(True, True), (True, False), (False, True)])
def test_a_device_that_moves_as_partitions_are_added_has_no_finding_in_whichever_order_they_are_read(
    inputs_grow: bool, outputs_grow: bool, seed: int
) -> None:
    assert audit(moved_logs(inputs_grow=inputs_grow, outputs_grow=outputs_grow), Random(seed)).found == []


def many_devices(number: int, partition: Callable[[bytes], int]) -> Logs:
    """One reading of each, in the partition that a partitioner chooses."""
    logs = Logs()
    for at in range(number):
        device = f"3fa85f64-5717-4562-b3fc-{at:012}"
        record = LogRecord((partition(device.encode()), at), device.encode(), biometrics(device, [(TIME, 150)]), at)
        logs.inputs.append(record)
        logs.events += [LogRecord(record.at, *event, at) for event in events_of(record)]
    return logs


TIME = "2026-01-01T00:00:00Z"


def test_the_only_event_of_a_device_is_found_in_a_wrong_partition() -> None:
    logs = many_devices(60, lambda key: crc32(key) % PARTITIONS)
    event = logs.events.pop(50)
    logs.events.append(replace(event, at=((event.partition() + 1) % PARTITIONS, 60)))

    assert audit(logs, Random(1)).places == [(Finding.WRONG_PARTITION, "out", (event.partition() + 1) % PARTITIONS, 60)]


def test_devices_in_the_partitions_of_another_partitioner_are_no_findings() -> None:
    assert audit(many_devices(60, lambda key: adler32(key) % PARTITIONS), Random(1)).found == []


def test_readings_whose_events_are_deleted_are_no_findings_because_a_later_dead_letter_or_partition_is_not() -> None:
    device = DEVICES[0].encode()
    inputs = [
        LogRecord((0, at), device, biometrics(DEVICES[0], [(f"2026-01-01T00:00:00.{at:07}Z", 150)])) for at in range(4)
    ]
    other = LogRecord((0, 4), DEVICES[1].encode(), biometrics(DEVICES[1], [(TIME, 150)]))
    poison = LogRecord((0, 5), device, b"{")
    inputs = [replace(each, at=(0, at)) for at, each in enumerate([poison, other, *inputs])]
    events = [LogRecord((1, 7), *event) for event in events_of(inputs[1])]
    events += [LogRecord((0, 9), *event) for event in events_of(inputs[5])]
    found: list[Found] = []
    edges = Edges({0: Source(0, committed=6)}, {0: Sink(0, cut=True), 1: Sink(1)})
    comparison = Comparison(TOPICS, edges, found.append, window=0, check_schema=lambda _: None)
    comparison.add_letters([letter_of(inputs[0], "in", (0, 0), "bad_frame")])

    comparison.add_inputs(inputs)
    comparison.add_events(events)
    comparison.settlement.settle_all()

    assert found == []
    assert comparison.unjudged == {Unjudged.START_OF_RANGE: 3}


@pytest.mark.parametrize("seed", range(10))
def test_a_duplicate_of_a_deleted_record_does_not_take_the_event_of_that(seed: int) -> None:
    logs = one_device(40)
    keyed = [
        replace(each, time=each.offset() * 2_000, its_headers=(("idempotency-key", b"%d" % each.offset()),))
        for each in logs.inputs
    ]
    keyed[21] = replace(keyed[19], at=(0, 21), time=42_000)  # within the window, of which the first half is deleted
    logs = Logs(keyed[20:], [replace(each, time=each.offset() * 2_000 + 20) for each in logs.events])
    del logs.events[21]
    found: list[Found] = []
    edges = Edges({0: Source(0, start=20, committed=10**6, cut=True)}, {0: Sink(0)})
    comparison = Comparison(TOPICS, edges, found.append, window=WINDOW, check_schema=lambda _: None)
    random = Random(seed)
    left = [(comparison.add_inputs, logs.inputs), (comparison.add_events, logs.events)]
    while any(records for _, records in left):
        add, records = random.choice(left)
        add(records[:5])
        del records[:5]
    comparison.settlement.settle_all()

    assert found == []
    assert comparison.unjudged == {Unjudged.START_OF_RANGE: 20, Unjudged.DUPLICATE_OR_NOT: 1}
