"""One pass over fetched records: transformed, produced, counted; what cannot be processed is put in a dead letter."""

import itertools
from collections.abc import Callable

import pytest
from confluent_kafka import Message

from exactly_once import (
    BatchLimits,
    DeadLetterError,
    InputRecord,
    OutputRecord,
    PoisonRecord,
    Transform,
    Unavailable,
)
from exactly_once.core.batch_processor import BatchProcessor, Outputs
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.core.rejected_records import RejectedRecordSearch
from exactly_once.core.signals import RecordRejected


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

    def __call__(self, outputs: Outputs) -> None:
        self += [(output[0], output[1]) for output in outputs]


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

    assert (batch.records, batch.outputs, batch.dead_letters) == (3, 6, {})
    assert batch.next_offsets == {("in", 0): 6, ("in", 1): 10}
    assert len(produced) == 6


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param(BatchLimits(max_records=3), 3, id="records"),
        pytest.param(BatchLimits(max_bytes=7), 4, id="bytes-of-the-values"),
        pytest.param(BatchLimits(max_bytes=1), 1, id="one-record-at-least"),
        pytest.param(BatchLimits(max_age=1e-9), 1, id="age"),
    ],
)
def test_the_first_limit_that_is_reached_ends_the_batch(limits: BatchLimits, expected: int) -> None:
    batch = processor(copy, limits=limits).process(records(*[b"ab"] * 5), Produced())

    assert batch.records == expected
    assert batch.next_offsets == {("in", 0): expected}


def test_a_poison_record_gives_its_dead_letter_and_the_others_their_outputs() -> None:
    produced = Produced()
    transform = raising(b"bad", lambda: PoisonRecord("bad_value", "it is bad"))

    batch = processor(transform, dead_letters=DeadLetterTopic("dead", "")).process(
        records(b"a", b"bad", b"b"), produced
    )

    assert produced == [("out", b"a"), ("dead", b"bad"), ("out", b"b")]
    assert (batch.records, batch.outputs, batch.dead_letters) == (3, 3, {"bad_value": 1})


def test_poison_without_a_dead_letter_topic_is_an_error_that_names_the_record() -> None:
    with pytest.raises(DeadLetterError, match=r"in\[0\] offset 0 cannot be processed \(no good\)"):
        processor(raising(b"bad", lambda: PoisonRecord("bad", "no good"))).process(records(b"bad"), Produced())


def test_when_something_is_unavailable_each_record_is_transformed_once_and_no_more_is_produced() -> None:
    seen: list[bytes | None] = []
    produced = Produced()

    def transform(record: InputRecord) -> list[OutputRecord]:
        seen.append(record.value())
        if record.value() in (b"b", b"d"):
            raise Unavailable(f"{record.value()!r} is missing")
        if record.value() == b"c":
            raise PoisonRecord("bad", "there is no dead-letter topic, and none is needed yet")
        return copy(record)

    with pytest.raises(Unavailable, match="b'b' is missing"):
        processor(transform).process(records(b"a", b"b", b"c", b"d", b"e"), produced)

    assert seen == [b"a", b"b", b"c", b"d", b"e"]
    assert produced == [("out", b"a")]


def test_a_pass_that_looks_up_what_is_missing_is_bounded_as_a_batch_is() -> None:
    calls = itertools.count()

    def transform(record: InputRecord) -> list[OutputRecord]:
        next(calls)
        raise Unavailable("missing")

    with pytest.raises(Unavailable):
        processor(transform, limits=BatchLimits(max_records=3)).process(records(*[b"x"] * 10), Produced())

    assert next(calls) == 3


def test_a_record_whose_output_the_client_rejects_is_known_to_the_search_and_a_dead_letter_next_time() -> None:
    search, produced = RejectedRecordSearch(100), Produced()
    fetched = records(b"a", b"big", b"b")
    calls: list[bytes | None] = []

    def transform(record: InputRecord) -> list[OutputRecord]:
        calls.append(record.value())
        return copy(record)

    def produce(outputs: Outputs) -> None:
        if any(output[:2] == ("out", b"big") for output in outputs):
            raise RecordRejected("message too large")
        produced(outputs)

    worker = processor(transform, dead_letters=DeadLetterTopic("dead", ""), search=search)
    with pytest.raises(RecordRejected):
        worker.process(fetched, produce)
    produced.clear()
    calls.clear()
    batch = worker.process(fetched, produce)

    assert produced == [("out", b"a"), ("dead", b"big"), ("out", b"b")]
    assert batch.dead_letters == {"unproducible": 1}
    assert calls == [b"a", b"b"], "a rejected record is not transformed again"


def test_a_dead_letter_that_the_client_rejects_twice_has_nowhere_to_go() -> None:
    def reject(outputs: Outputs) -> None:
        raise RecordRejected("message too large")

    worker = processor(
        raising(b"bad", lambda: PoisonRecord("bad", "no good")), dead_letters=DeadLetterTopic("dead", "")
    )
    with pytest.raises(RecordRejected):
        worker.process(records(b"bad"), reject)

    with pytest.raises(DeadLetterError, match="cannot be written to the dead-letter topic either"):
        worker.process(records(b"bad"), reject)


def test_a_transform_that_forgets_to_return_is_named_with_the_record() -> None:
    with pytest.raises(TypeError, match=r"the transform returned None for in\[0\] offset 0"):
        processor(lambda record: None).process(records(b"a"), Produced())  # type: ignore[arg-type, return-value]
