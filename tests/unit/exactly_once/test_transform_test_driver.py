"""The driver that tests of a transform use: what a worker would do, in memory."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from exactly_once import BatchLimits, HaltReason, InputRecord, OutputRecord, PoisonRecord, Scope, Transform, Unavailable
from exactly_once.testing import TransformTestDriver


def upper(record: InputRecord) -> list[OutputRecord]:
    value = record.value()
    if value is None:
        raise PoisonRecord("tombstone", "the record has no value")
    return [OutputRecord("out", value.upper(), record.key())]


def waiting_for(what: set[bytes], scope: Scope) -> Transform:
    """Copies records, and lacks something for each whose value is in ``what``."""

    def transform(record: InputRecord) -> list[OutputRecord]:
        if record.value() in what:
            raise Unavailable("lookup", scope=scope)
        return [OutputRecord("out", record.value())]

    return transform


def values(outputs: Sequence[OutputRecord]) -> list[bytes | None]:
    return [each.value for each in outputs]


def test_a_test_of_a_transform_is_three_lines() -> None:
    driver = TransformTestDriver(upper)
    driver.pipe(b"hello", b"key")
    assert driver.run_once().outputs == [OutputRecord("out", b"HELLO", b"key")]


def test_a_record_has_everything_that_was_piped_in() -> None:
    seen: list[InputRecord] = []

    def transform(record: InputRecord) -> list[OutputRecord]:
        seen.append(record)
        return []

    driver = TransformTestDriver(transform, topic="here")
    driver.pipe(b"a")
    driver.pipe(b"bc", b"k", topic="there", partition=3, headers=[("h", b"1")], timestamp=1_700_000_000_000)
    driver.pipe(None)
    driver.run_once()

    first, second, third = seen
    assert (first.topic(), first.partition(), first.offset(), first.value()) == ("here", 0, 0, b"a")
    assert (first.key(), first.headers(), first.timestamp(), len(first)) == (None, None, (0, 0), 1)
    assert (second.topic(), second.partition(), second.offset(), second.key()) == ("there", 3, 0, b"k")
    assert (second.headers(), second.timestamp(), len(second)) == ([("h", b"1")], (1, 1_700_000_000_000), 2)
    assert (third.offset(), third.value(), len(third)) == (1, None, 0)


def test_poison_becomes_the_dead_letter_that_a_worker_writes() -> None:
    driver = TransformTestDriver(upper, dead_letter_topic="in.dlq", dead_letter_header_prefix="my.", clock=lambda: 0)
    driver.pipe(b"good")
    driver.pipe(None, b"key", partition=2, headers=[("trace", b"t")], timestamp=5)
    transaction = driver.run_once()

    assert values(transaction.outputs) == [b"GOOD"]
    assert transaction.dead_letters == [
        OutputRecord(
            "in.dlq",
            None,
            b"key",
            [
                ("trace", b"t"),
                ("my.topic", b"input"),
                ("my.partition", b"2"),
                ("my.offset", b"0"),
                ("my.reason", b"tombstone"),
                ("my.detail", b"the record has no value"),
                ("my.time", b"1970-01-01T00:00:00.000Z"),
            ],
            5,
        )
    ]
    assert transaction.reasons == {"tombstone": 1}
    assert driver.pending == []


def test_what_a_transform_writes_to_the_dead_letter_topic_itself_is_an_output() -> None:
    driver = TransformTestDriver(lambda record: [OutputRecord("dead-letters", record.value())])
    driver.pipe(b"a")
    transaction = driver.run_once()

    assert (transaction.outputs, transaction.dead_letters) == ([OutputRecord("dead-letters", b"a")], [])


def test_a_record_that_lacks_something_waits_with_those_behind_it_while_other_partitions_go_on() -> None:
    lacking = {b"b"}
    looked_ahead: list[list[bytes | None]] = []
    driver = TransformTestDriver(
        waiting_for(lacking, Scope.RECORD),
        look_ahead=lambda records: looked_ahead.append([each.value() for each in records]),
    )
    for value in (b"a", b"b", b"c"):
        driver.pipe(value)
    driver.pipe(b"other", partition=1)
    transaction = driver.run_once()

    assert values(transaction.outputs) == [b"a", b"other"]
    [waiting] = transaction.waiting
    assert (waiting.record.value(), waiting.reason, waiting.scope) == (b"b", "lookup", Scope.RECORD)
    assert looked_ahead == [[b"b", b"c"]]

    lacking.clear()
    assert values(driver.run_once().outputs) == [b"b", b"c"]


def test_a_partition_that_waits_is_not_looked_ahead_in() -> None:
    looked_ahead: list[Sequence[InputRecord]] = []
    driver = TransformTestDriver(waiting_for({b"a"}, Scope.PARTITION), look_ahead=looked_ahead.append)
    driver.pipe(b"a")
    driver.pipe(b"other", partition=1)
    transaction = driver.run_once()

    assert [(each.record.value(), each.scope) for each in transaction.waiting] == [(b"a", Scope.PARTITION)]
    assert (values(transaction.outputs), looked_ahead) == ([b"other"], [])


def test_where_everything_waits_nothing_behind_the_record_is_processed() -> None:
    driver = TransformTestDriver(waiting_for({b"b"}, Scope.EVERYTHING))
    driver.pipe(b"a")
    driver.pipe(b"b")
    driver.pipe(b"other", partition=1)
    transaction = driver.run_once()

    assert values(transaction.outputs) == [b"a"]
    assert [(each.record.value(), each.scope) for each in transaction.waiting] == [(b"b", Scope.EVERYTHING)]
    assert [each.value() for each in driver.pending] == [b"b", b"other"]


def test_poison_halts_its_partition_alone_where_there_is_no_dead_letter_topic() -> None:
    driver = TransformTestDriver(upper, dead_letter_topic=None)
    driver.pipe(None)
    driver.pipe(b"behind")
    driver.pipe(b"other", partition=1)
    transaction = driver.run_once()

    assert values(transaction.outputs) == [b"OTHER"]
    [halted] = transaction.halted
    assert (halted.record.offset(), halted.reason) == (0, HaltReason.DEAD_LETTER_IMPOSSIBLE)
    assert "the record has no value" in halted.detail
    assert driver.run_once().records == []


def test_a_transaction_has_the_limits_of_a_worker() -> None:
    driver = TransformTestDriver(upper, limits=BatchLimits(max_records=2))
    for value in (b"a", b"b", b"c"):
        driver.pipe(value)

    assert [values(driver.run_once().outputs) for _ in range(3)] == [[b"A", b"B"], [b"C"], []]


def test_the_records_of_an_aborted_transaction_are_transformed_again() -> None:
    calls = 0

    def counting(record: InputRecord) -> list[OutputRecord]:
        nonlocal calls
        calls += 1
        return [OutputRecord("out", b"%d" % calls)]

    driver = TransformTestDriver(counting)
    driver.pipe(b"a")

    assert values(driver.run_once(abort=True).outputs) == [b"1"]
    assert values(driver.run_once().outputs) == [b"2"], "what a transform with a side effect gives twice"


def test_a_bug_in_the_transform_reaches_the_test() -> None:
    driver = TransformTestDriver(lambda record: None)  # type: ignore[arg-type, return-value]
    driver.pipe(b"a")
    with pytest.raises(TypeError, match="the transform returned None"):
        driver.run_once()


def test_the_library_itself_does_not_load_the_driver() -> None:
    program = "import sys, exactly_once; sys.exit('exactly_once.testing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
