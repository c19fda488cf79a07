"""One pass over fetched records: transformed, produced, counted; what cannot be processed is put in a dead letter."""

import itertools
from collections.abc import Callable

import pytest
from confluent_kafka import Message

from exactly_once import (
    BatchLimits,
    HaltReason,
    InputRecord,
    OutputRecord,
    PoisonRecord,
    Scope,
    Transform,
    Unavailable,
)
from exactly_once.core.assignment import Wait
from exactly_once.core.batch_processor import BatchProcessor, Outputs
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.rejected_records import RejectedRecordSearch
from exactly_once.core.signals import RecordRejected
from exactly_once.core.start_offset import Halt


def records(*values: bytes) -> list[Message]:
    return [Message(topic="in", partition=0, offset=offset, value=value) for offset, value in enumerate(values)]


def copy(record: InputRecord) -> list[OutputRecord]:
    return [OutputRecord("out", record.value())]


def processor(
    transform: Transform,
    *,
    limits: BatchLimits | None = None,
    dead_letters: DeadLetterTopic | None = None,
    search: RejectedRecordSearch | None = None,
) -> BatchProcessor:
    return BatchProcessor(
        transform,
        limits=limits or BatchLimits(),
        dead_letters=dead_letters,
        search=search or RejectedRecordSearch(100),
    )


class Produced(list[tuple[str, bytes | None]]):
    """Topics and values, in the order in which they were produced."""

    def __call__(self, outputs: Outputs) -> int:
        self += [(output.topic, output.value) for output in outputs]
        return sum(len(output.value or b"") for output in outputs)


def raising(on: bytes, error: Callable[[], Exception]) -> Transform:
    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.value() == on:
            raise error()
        return copy(record)

    return transform


def test_a_batch_holds_what_was_produced_and_where_to_go_on() -> None:
    produced = Produced()
    fetched = [
        Message(topic="in", partition=partition, offset=offset, value=b"x")
        for partition, offset in ((0, 4), (1, 9), (0, 5))
    ]

    batch = processor(lambda record: copy(record) * 2).process(fetched, produced)

    assert (len(batch.records), batch.outputs, batch.dead_letters) == (3, 6, {})
    assert batch.next_offsets == {("in", 0): 6, ("in", 1): 10}
    assert len(produced) == 6


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param(BatchLimits(max_records=3), 3, id="records"),
        pytest.param(BatchLimits(max_bytes=7), 2, id="bytes-of-inputs-and-outputs"),
        pytest.param(BatchLimits(max_bytes=1), 1, id="one-record-at-least"),
        pytest.param(BatchLimits(max_age=1e-9), 1, id="age"),
    ],
)
def test_the_first_limit_that_is_reached_ends_the_batch(limits: BatchLimits, expected: int) -> None:
    batch = processor(copy, limits=limits).process(records(*[b"ab"] * 5), Produced())

    assert len(batch.records) == expected
    assert batch.next_offsets == {("in", 0): expected}


def test_a_poison_record_gives_its_dead_letter_and_the_others_their_outputs() -> None:
    produced = Produced()
    transform = raising(b"bad", lambda: PoisonRecord("bad_value", "it is bad"))

    batch = processor(transform, dead_letters=DeadLetterTopic("dead", "")).process(
        records(b"a", b"bad", b"b"), produced
    )

    assert produced == [("out", b"a"), ("dead", b"bad"), ("out", b"b")]
    assert (len(batch.records), batch.outputs, batch.dead_letters_by_reason) == (3, 3, {"bad_value": 1})


def test_poison_without_a_dead_letter_topic_stops_its_partition_and_names_the_record() -> None:
    transform = raising(b"bad", lambda: PoisonRecord("bad", "no good"))

    batch = processor(transform).process(records(b"a", b"bad", b"b"), Produced())

    assert batch.stopped == {
        ("in", 0): Halt(
            HaltReason.DEAD_LETTER_IMPOSSIBLE,
            "offset 1 cannot be processed (no good), and there is no dead-letter topic",
        )
    }
    assert batch.next_offsets == {("in", 0): 1}
    assert [record.value() for record in batch.records] == [b"a"]


def in_partitions(*places: tuple[int, bytes]) -> list[Message]:
    offsets = {0: itertools.count(), 1: itertools.count()}
    return [
        Message(topic="in", partition=partition, offset=next(offsets[partition]), value=value)
        for partition, value in places
    ]


def test_a_record_that_lacks_something_stops_its_partition_alone_and_nothing_behind_it_is_transformed() -> None:
    seen: list[bytes | None] = []
    produced = Produced()

    def transform(record: InputRecord) -> list[OutputRecord]:
        seen.append(record.value())
        if record.value() == b"lacks":
            raise Unavailable("missing")
        return copy(record)

    fetched = in_partitions((0, b"a"), (0, b"lacks"), (1, b"x"), (0, b"behind"), (1, b"y"))
    batch = processor(transform).process(fetched, produced)

    assert seen == [b"a", b"lacks", b"x", b"y"]
    assert produced == [("out", b"a"), ("out", b"x"), ("out", b"y")]
    assert batch.next_offsets == {("in", 0): 1, ("in", 1): 2}
    assert batch.stopped == {("in", 0): Wait("missing")}
    assert [record.value() for record in batch.behind["in", 0]] == [b"lacks", b"behind"]
    assert [record.value() for record in batch.records] == [b"a", b"x", b"y"]
    assert list(batch.rest) == []


def test_what_a_full_transaction_leaves_is_sorted_by_whether_it_can_be_processed() -> None:
    fetched = in_partitions((0, b"lacks"), (1, b"x"), (0, b"behind"), (1, b"y"))
    transform = raising(b"lacks", lambda: Unavailable("missing"))

    batch = processor(transform, limits=BatchLimits(max_records=1)).process(fetched, Produced())

    assert [record.value() for record in batch.records] == [b"x"]
    assert [record.value() for record in batch.rest] == [b"y"]
    assert [record.value() for record in batch.behind["in", 0]] == [b"lacks", b"behind"]


def test_a_partition_of_which_nothing_can_be_processed_is_not_looked_ahead_in() -> None:
    transform = raising(b"a", lambda: Unavailable("missing", scope=Scope.PARTITION))

    batch = processor(transform).process(records(b"a", b"b"), Produced())

    assert batch.stopped == {("in", 0): Wait("missing")}
    assert batch.behind == {}


def test_when_nothing_at_all_can_be_processed_the_batch_ends_with_what_came_before() -> None:
    transform = raising(b"x", lambda: Unavailable("down", scope=Scope.EVERYTHING))

    batch = processor(transform).process(in_partitions((0, b"a"), (1, b"x"), (0, b"b")), Produced())

    assert batch.unavailable is not None
    assert batch.next_offsets == {("in", 0): 1}
    assert batch.stopped == {}
    assert [record.value() for record in batch.rest] == [b"x", b"b"]


def test_a_record_whose_output_the_client_rejects_is_known_to_the_search_and_a_dead_letter_next_time() -> None:
    search, produced = RejectedRecordSearch(100), Produced()
    fetched = records(b"a", b"big", b"b")
    calls: list[bytes | None] = []

    def transform(record: InputRecord) -> list[OutputRecord]:
        calls.append(record.value())
        return copy(record)

    def produce(outputs: Outputs) -> int:
        if any(output.value == b"big" and output.topic == "out" for output in outputs):
            raise RecordRejected("message too large")
        return produced(outputs)

    worker = processor(transform, dead_letters=DeadLetterTopic("dead", ""), search=search)
    with pytest.raises(RecordRejected):
        worker.process(fetched, produce)
    produced.clear()
    calls.clear()
    batch = worker.process(fetched, produce)

    assert produced == [("out", b"a"), ("dead", b"big"), ("out", b"b")]
    assert batch.dead_letters == {("in", 0): {"unproducible": 1}}
    assert calls == [b"a", b"b"], "a rejected record is not transformed again"


def test_a_record_whose_dead_letter_the_client_rejects_stops_its_partition() -> None:
    def reject(outputs: Outputs) -> int:
        raise RecordRejected("message too large")

    worker = processor(
        raising(b"bad", lambda: PoisonRecord("bad", "no good")), dead_letters=DeadLetterTopic("dead", "")
    )
    with pytest.raises(RecordRejected):
        worker.process(records(b"bad"), reject)

    with pytest.raises(RecordRejected):
        worker.process(records(b"bad"), reject)

    [halt] = worker.process(records(b"bad"), reject).stopped.values()
    assert isinstance(halt, Halt)
    assert "offset 0 cannot be written to the dead-letter topic either" in halt.detail


def test_an_error_of_the_transform_itself_names_the_record() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        processor(raising(b"b", ZeroDivisionError)).process(records(b"a", b"b"), Produced())
    assert raised.value.__notes__ == ["in the transform, at in[0] offset 1"]


def test_a_transform_that_forgets_to_return_is_named_with_the_record() -> None:
    with pytest.raises(TypeError, match=r"the transform returned None"):
        processor(lambda record: None).process(records(b"a"), Produced())  # type: ignore[arg-type, return-value]
