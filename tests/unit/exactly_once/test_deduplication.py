"""Duplicates are a function of the log: whatever is aborted, replayed or taken over, each key has its effect once."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import Deduplication, Scope, Unavailable, WaitReason
from exactly_once.core.deduplication import Deduplicator
from exactly_once.core.key_window import KeyWindow, fingerprint
from exactly_once.core.records import InputRecord, Partition
from exactly_once.core.rejected_records import record_id

WINDOW = 40.0
LENGTH_MS = 10_000
"""A part of that window."""


@dataclass
class Reading:
    window: KeyWindow
    is_done: bool = True
    is_cancelled: bool = False

    def done(self) -> bool:
        return self.is_done

    def cancel(self) -> None:
        self.is_cancelled = True


class Log:
    """A partition, and windows read from it as the worker's reader does."""

    def __init__(self, *records: tuple[bytes | None, int]) -> None:
        self.records = [
            Message(topic="in", partition=0, offset=offset, key=key, timestamp=(1, timestamp))
            for offset, (key, timestamp) in enumerate(records)
        ]
        self.readings: list[Reading] = []
        self.is_slow = False

    def read(self, partition: Partition, before: int, since: int) -> Reading:
        assert partition == ("in", 0)
        window = KeyWindow(WINDOW)
        starts = [record for record in self.records if record.timestamp()[1] >= since]
        for record in self.records[starts[0].offset() or 0 : before] if starts else ():
            key = record.key()
            if key is not None:
                window.add(fingerprint(key), record.timestamp()[1])
        self.readings.append(Reading(window, not self.is_slow))
        return self.readings[-1]


def key_of(record: InputRecord) -> bytes | None:
    return record.key()


def deduplicator(log: Log) -> Deduplicator:
    return Deduplicator(Deduplication(key=key_of, window=WINDOW), log.read)


def duplicates(log: Log, deduplicator: Deduplicator, first: int = 0, end: int | None = None) -> list[int]:
    """Offsets that one transaction over these records leaves out."""
    deduplicator.begin()
    return [
        record.offset() or 0
        for record in log.records[first:end]
        if deduplicator.is_duplicate(record, record_id(record))
    ]


def expected(log: Log) -> list[int]:
    """The definition, by looking at every pair."""
    found = []
    for record in log.records:
        part = record.timestamp()[1] // LENGTH_MS
        before = [
            each
            for each in log.records[: record.offset()]
            if each.key() == record.key() is not None and each.timestamp()[1] // LENGTH_MS >= part - 4
        ]
        if before:
            found.append(record.offset() or 0)
    return found


def test_the_first_record_with_a_key_passes_and_later_ones_do_not() -> None:
    log = Log((b"a", 0), (b"b", 1), (b"a", 2), (None, 3), (None, 4), (b"b", 5))

    assert duplicates(log, deduplicator(log)) == [2, 5]


def test_a_key_may_come_again_after_the_window() -> None:
    log = Log((b"a", 0), (b"a", 40_000), (b"a", 100_000))

    assert duplicates(log, deduplicator(log)) == [1]


def test_what_an_aborted_transaction_has_seen_is_not_seen() -> None:
    log = Log((b"a", 0), (b"b", 1), (b"a", 2))
    own = deduplicator(log)
    duplicates(log, own)

    assert duplicates(log, own) == [2]
    own.committed({("in", 0): 1})
    assert duplicates(log, own, first=1) == [2]


def test_a_record_that_was_left_for_later_is_not_its_own_duplicate() -> None:
    """The transform may raise Unavailable for it after its key was looked at, and others be committed."""
    log = Log((b"a", 0), (b"b", 1))
    own = deduplicator(log)
    duplicates(log, own)
    own.committed({("in", 0): 1})

    assert duplicates(log, own, first=1) == []


def test_a_partition_waits_alone_until_its_window_is_read() -> None:
    log = Log((b"a", 0), (b"a", 1))
    log.is_slow = True
    own = deduplicator(log)
    for _ in range(2):
        with pytest.raises(Unavailable) as raised:
            duplicates(log, own, first=1)
        assert raised.value.reason is WaitReason.DEDUPLICATION_WINDOW
        assert raised.value.scope is Scope.PARTITION
        assert raised.value.ready is not None
        assert not raised.value.ready()

    [reading] = log.readings
    reading.is_done = True

    assert raised.value.ready is not None
    assert raised.value.ready()
    assert duplicates(log, own, first=1) == [1]


def test_a_partition_that_is_taken_away_is_read_anew_and_its_reading_cancelled() -> None:
    log = Log((b"a", 0), (b"a", 1))
    log.is_slow = True
    own = deduplicator(log)
    with pytest.raises(Unavailable):
        duplicates(log, own, first=1)
    own.forget(("in", 0))
    log.is_slow = False

    assert log.readings[0].is_cancelled
    assert duplicates(log, own, first=1) == [1]
    assert len(log.readings) == 2


def test_a_position_that_was_moved_back_is_read_anew() -> None:
    """The records are to have their effect once more; that they were seen later says nothing."""
    log = Log((b"a", 0), (b"b", 1), (b"a", 2))
    own = deduplicator(log)
    duplicates(log, own)
    own.committed({("in", 0): 3})

    assert duplicates(log, own) == [2]


def test_a_record_without_a_timestamp_is_never_a_duplicate() -> None:
    own = deduplicator(Log())
    record = Message(topic="in", partition=0, offset=7, key=b"a", timestamp=(0, -1))

    assert not own.is_duplicate(record, record_id(record))
    assert not own.is_duplicate(record, record_id(record))


def test_a_window_of_no_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="window is 0; give a number of seconds above 0"):
        Deduplication(key=key_of, window=0)


@given(
    records=st.lists(st.tuples(st.sampled_from([b"a", b"b", None]), st.integers(0, 15_000)), max_size=40),
    steps=st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["commit", "abort", "partly", "restart"]))),
)
def test_however_a_log_is_cut_aborted_and_taken_over_the_same_records_are_duplicates(
    records: Sequence[tuple[bytes | None, int]], steps: Sequence[tuple[int, str]]
) -> None:
    timestamp, stamped = 0, []
    for key, gap in records:
        timestamp += gap
        stamped.append((key, timestamp))
    log = Log(*stamped)
    own, position, found = deduplicator(log), 0, []

    for size, outcome in [*steps, (len(records), "commit")]:
        left_out = duplicates(log, own, position, position + size)
        end = min(position + size, len(records))
        if outcome == "partly":
            end = position + (end - position) // 2
        if outcome in ("commit", "partly"):
            own.committed({("in", 0): end})
            found += [offset for offset in left_out if offset < end]
            position = end
        if outcome == "restart":
            own = deduplicator(log)

    assert found == expected(log)
