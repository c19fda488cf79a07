"""The search for the records whose outputs the brokers reject."""

import re
from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaError, Message
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import AbortReason, PoisonRecord
from exactly_once.core.reasons import AbortCause, kafka_error_name
from exactly_once.core.records import Partition
from exactly_once.core.rejected_records import RecordId, RejectedRecordSearch, record_id
from exactly_once.core.signals import DeadLetterImpossible

TOO_LARGE = kafka_error_name(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE).name())
INVALID_TIMESTAMP = kafka_error_name(KafkaError(KafkaError.INVALID_TIMESTAMP).name())
INVALID_RECORD = kafka_error_name(KafkaError(KafkaError.INVALID_RECORD).name())


def record(offset: int, partition: int = 0) -> Message:
    return Message(topic="in", partition=partition, offset=offset)


class Brokers:
    """Abort a transaction in which an output of a rejected record is, and do not say which; dead letters they take."""

    def __init__(self, records: Sequence[Message], rejected: set[RecordId], max_records: int) -> None:
        self.waiting = list(records)
        self.dead: list[RecordId] = []
        self.transactions = 0
        self.search = RejectedRecordSearch(max_records)
        self._rejected = rejected

    def run_transaction(self) -> None:
        self.transactions += 1
        batch = self.search.next_records(self.waiting)
        dead = [record_id(each) for each in batch if record_id(each) in self.search.rejected]
        if any(record_id(each) in self._rejected and record_id(each) not in dead for each in batch):
            self.search.transaction_aborted(batch, TOO_LARGE)
            return
        next_offsets: dict[Partition, int] = {}
        for topic, partition, offset in map(record_id, batch):
            next_offsets[topic, partition] = max(offset + 1, next_offsets.get((topic, partition), 0))
        self.search.committed(next_offsets)
        self.waiting = self.waiting[len(batch) :]
        self.dead += dead


@given(st.integers(1, 300), st.integers(1, 400), st.data())
def test_every_rejected_record_is_isolated_and_no_other_in_a_bounded_number_of_transactions(
    count: int, max_records: int, data: st.DataObject
) -> None:
    offsets = data.draw(st.sets(st.integers(0, count - 1)), label="rejected")
    rejected = {("in", 0, offset) for offset in offsets}
    brokers = Brokers([record(offset) for offset in range(count)], rejected, max_records)
    whole_batches = -(-count // max_records)
    bound = whole_batches + (len(rejected) + 1) * (4 * count.bit_length() + 5)

    while brokers.waiting:
        brokers.run_transaction()
        assert brokers.transactions <= bound

    assert brokers.dead == sorted(rejected)


@given(st.data())
def test_it_ends_whatever_the_order_in_which_partitions_are_fetched_again(data: st.DataObject) -> None:
    """A rewound consumer returns the records of several partitions in another order; within each it stays."""
    records = [record(offset, partition) for partition in range(3) for offset in range(8)]
    rejected = set(data.draw(st.lists(st.sampled_from(list(map(record_id, records)))), label="rejected"))
    brokers = Brokers(records, rejected, max_records=24)

    while brokers.waiting:
        order = data.draw(st.permutations(range(3)), label="order of partitions")
        brokers.waiting.sort(key=lambda each: (order.index(each.partition() or 0), each.offset()))
        brokers.run_transaction()
        assert brokers.transactions <= 1_000

    assert set(brokers.dead) == rejected


def test_a_record_that_the_client_rejects_is_known_at_once_and_leaves_the_limit_as_it_is() -> None:
    search = RejectedRecordSearch(100)

    search.record_rejected(("in", 0, 7), "too large")

    assert search.limit == 100
    poison = search.rejected["in", 0, 7]
    assert isinstance(poison, PoisonRecord)
    assert poison.reason == "unproducible"
    assert poison.detail == "an output of the record cannot be written: too large"


def test_a_dead_letter_that_is_rejected_too_is_impossible() -> None:
    search = RejectedRecordSearch(1)
    search.transaction_aborted([record(7)], TOO_LARGE)

    search.transaction_aborted([record(7)], TOO_LARGE)

    impossible = search.rejected["in", 0, 7]
    assert isinstance(impossible, DeadLetterImpossible)
    assert "offset 7 cannot be written to the dead-letter topic either" in str(impossible)


def test_a_partition_that_goes_on_elsewhere_is_forgotten() -> None:
    search = RejectedRecordSearch(100)
    for partition in (0, 1):
        search.record_rejected(("in", partition, 3), "too large")

    search.forget(("in", 0))

    assert set(search.rejected) == {("in", 1, 3)}


RECORDS = st.tuples(st.sampled_from(["in", "other"]), st.integers(0, 2), st.integers(0, 20))
COMMITS = st.dictionaries(st.tuples(st.sampled_from(["in", "other"]), st.integers(0, 2)), st.integers(0, 21))


@given(st.sets(RECORDS), st.sets(RECORDS), st.lists(COMMITS, max_size=5))
def test_nothing_is_forgotten_before_it_is_committed_and_nothing_is_kept_after(
    rejected: set[RecordId], untimed: set[RecordId], commits: list[dict[Partition, int]]
) -> None:
    search = RejectedRecordSearch(100)
    for each in rejected:
        search.record_rejected(each, "too large")
    for topic, partition, offset in untimed:
        search.transaction_aborted([Message(topic=topic, partition=partition, offset=offset)], INVALID_TIMESTAMP)

    for next_offsets in commits:
        search.committed(next_offsets)

    def is_due(record: RecordId) -> bool:
        return all(record[2] >= next_offsets.get(record[:2], 0) for next_offsets in commits)

    assert set(search.rejected) == set(filter(is_due, rejected))
    assert search.untimed == set(filter(is_due, untimed))


def test_a_rejected_timestamp_is_first_taken_for_that_of_the_dead_letter_and_then_for_that_of_an_output() -> None:
    search = RejectedRecordSearch(1)

    search.transaction_aborted([record(7)], INVALID_TIMESTAMP)
    assert (search.untimed, search.rejected) == ({("in", 0, 7)}, {})

    search.transaction_aborted([record(7)], INVALID_TIMESTAMP)
    poison = search.rejected["in", 0, 7]
    assert isinstance(poison, PoisonRecord)
    assert poison.detail.endswith("rejected by the brokers: invalid_timestamp")

    search.transaction_aborted([record(7)], INVALID_TIMESTAMP)
    assert re.search(r"let message\.timestamp\.before\.max\.ms", str(search.rejected["in", 0, 7]))


def test_a_dead_letter_topic_that_rejects_for_its_policy_is_not_blamed_for_its_limits() -> None:
    search = RejectedRecordSearch(1)
    search.transaction_aborted([record(7)], INVALID_RECORD)

    search.transaction_aborted([record(7)], INVALID_RECORD)
    sentence = str(search.rejected["in", 0, 7])
    assert re.search(r"invalid_record.* a compacted topic takes no record without a key", sentence)


def test_transactions_grow_again_up_to_the_limit_that_was_set() -> None:
    search = RejectedRecordSearch(100)
    search.transaction_aborted([record(offset) for offset in range(8)], TOO_LARGE)

    limits = []
    for _ in range(6):
        limits.append(search.limit)
        search.committed({})

    assert limits == [4, 8, 16, 32, 64, 100]


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        pytest.param(KafkaError.MSG_SIZE_TOO_LARGE, 4, id="too-large"),
        pytest.param(KafkaError.RECORD_LIST_TOO_LARGE, 4, id="list-too-large"),
        pytest.param(KafkaError.INVALID_TIMESTAMP, 4, id="timestamp"),
        pytest.param(KafkaError.INVALID_RECORD, 4, id="record"),
        pytest.param(KafkaError._FENCED, 100, id="fenced"),
        pytest.param(KafkaError.INVALID_PRODUCER_EPOCH, 100, id="epoch"),
        pytest.param(KafkaError.ILLEGAL_GENERATION, 100, id="neither"),
    ],
)
def test_the_name_of_an_error_says_whether_it_is_about_a_record(code: int, limit: int) -> None:
    search = RejectedRecordSearch(100)

    search.transaction_aborted([record(offset) for offset in range(8)], kafka_error_name(KafkaError(code).name()))

    assert search.limit == limit


@pytest.mark.parametrize("cause", AbortReason)
def test_an_abort_of_our_own_says_nothing_about_a_record(cause: AbortCause) -> None:
    search = RejectedRecordSearch(100)

    search.transaction_aborted([record(7)], cause)

    assert (search.limit, search.rejected) == (100, {})
