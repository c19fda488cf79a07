"""The start of a partition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import HaltReason, MissingOffsets, OutOfRange
from exactly_once.core.start_offset import Bounds, Committed, Finding, Halt, Start, StartKind, StartPolicy, is_new

BOUNDS = Bounds(earliest=5, latest=20, stable=18)


def policy(
    missing: MissingOffsets = MissingOffsets.EARLIEST, out_of_range: OutOfRange = OutOfRange.STOP
) -> StartPolicy:
    return StartPolicy(missing_offsets=missing, offset_out_of_range=out_of_range)


def finding(
    committed: Committed | None, *, known_topic: bool = True, is_new: bool | None = None, topic_id: str | None = "new"
) -> Finding:
    return Finding(committed, BOUNDS, topic_id, known_topic, is_new)


@pytest.mark.parametrize("metadata", ["topic-id=new", "", "of another program"])
def test_a_committed_offset_of_this_topic_is_where_it_goes_on(metadata: str) -> None:
    assert policy().decide(finding(Committed(9, metadata))) == Start(9, StartKind.COMMITTED)


@pytest.mark.parametrize("offset", [5, 20])
def test_the_bounds_themselves_are_in_the_topic(offset: int) -> None:
    assert policy().decide(finding(Committed(offset))) == Start(offset, StartKind.COMMITTED)


@pytest.mark.parametrize("offset", [0, 9, 1_000])
def test_an_offset_of_an_earlier_topic_says_nothing_whether_it_would_be_valid_or_not(offset: int) -> None:
    start = policy(MissingOffsets.STOP).decide(finding(Committed(offset, "topic-id=old")))

    assert start == Start(5, StartKind.NEW_TOPIC)


def test_brokers_without_topic_ids_leave_the_offset_as_it_is() -> None:
    start = policy().decide(finding(Committed(9, "topic-id=old"), topic_id=None))

    assert start == Start(9, StartKind.COMMITTED)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (MissingOffsets.EARLIEST, Start(5, StartKind.MISSING)),
        (MissingOffsets.LATEST, Start(20, StartKind.MISSING)),
    ],
)
def test_a_group_without_offsets_starts_where_the_policy_says(missing: MissingOffsets, expected: Start) -> None:
    assert policy(missing).decide(finding(None, known_topic=False)) == expected


def test_a_group_without_offsets_may_have_to_be_told_where_to_start() -> None:
    halt = policy(MissingOffsets.STOP).decide(finding(None, known_topic=False))

    assert isinstance(halt, Halt)
    assert halt.reason is HaltReason.OFFSET_MISSING
    assert "5 to 20" in halt.detail


@pytest.mark.parametrize("missing", MissingOffsets)
def test_a_new_partition_of_a_topic_that_the_group_reads_starts_at_its_beginning(missing: MissingOffsets) -> None:
    """Its records were written after the group had started: none of them may be skipped."""
    assert policy(missing).decide(finding(None, is_new=True)) == Start(5, StartKind.NEW_PARTITION)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (MissingOffsets.EARLIEST, Start(5, StartKind.MISSING)),
        (MissingOffsets.LATEST, Start(20, StartKind.MISSING)),
    ],
)
def test_a_partition_that_was_there_follows_the_policy_though_others_have_offsets(
    missing: MissingOffsets, expected: Start
) -> None:
    """Where a group starts, others may have committed theirs before this one could be looked up."""
    assert policy(missing).decide(finding(None, is_new=False)) == expected


@pytest.mark.parametrize("missing", [MissingOffsets.EARLIEST, MissingOffsets.LATEST])
def test_where_nothing_shows_whether_a_partition_is_new_no_record_is_skipped(missing: MissingOffsets) -> None:
    assert policy(missing).decide(finding(None, is_new=None)) == Start(5, StartKind.NEW_PARTITION)


def test_that_others_have_an_offset_does_not_show_that_a_partition_is_new() -> None:
    """A person who has to give each partition an offset gives one to the first."""
    halt = policy(MissingOffsets.STOP).decide(finding(None, known_topic=True))

    assert isinstance(halt, Halt)
    assert halt.reason is HaltReason.OFFSET_MISSING


@pytest.mark.parametrize(
    ("committed", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(["topic-id=new;partitions=3"], True, id="it-was-not-there-yet"),
        pytest.param(["topic-id=new;partitions=3", "topic-id=new;partitions=4"], False, id="it-was-there-later"),
        pytest.param(["topic-id=new"], None, id="nobody-has-counted"),
        pytest.param(["topic-id=new;set-offset=2026-11-29T08:00:00Z"], None, id="a-person-s-command"),
        pytest.param(["of another program"], None, id="another-program"),
        pytest.param(["topic-id=old;partitions=9"], True, id="the-topic-is-another-one"),
        pytest.param(["topic-id=old;partitions=9", "topic-id=new;partitions=4"], False, id="it-was-there-in-this-one"),
    ],
)
def test_whether_a_partition_is_new_is_what_the_offsets_of_others_prove(
    committed: list[str], *, expected: bool | None
) -> None:
    assert is_new(3, "new", [Committed(9, each) for each in committed]) is expected


@pytest.mark.parametrize("offset", [4, 21])
@pytest.mark.parametrize(
    ("out_of_range", "expected"),
    [(OutOfRange.EARLIEST, Start(5, StartKind.OUT_OF_RANGE)), (OutOfRange.LATEST, Start(20, StartKind.OUT_OF_RANGE))],
)
def test_an_offset_that_is_gone_is_replaced_as_the_policy_says(
    offset: int, out_of_range: OutOfRange, expected: Start
) -> None:
    assert policy(out_of_range=out_of_range).decide(finding(Committed(offset))) == expected


def test_an_offset_that_is_gone_halts_the_partition_with_a_sentence() -> None:
    halt = policy().decide(finding(Committed(4)))

    assert halt == Halt(
        HaltReason.OFFSET_OUT_OF_RANGE,
        "the committed offset 4 is not in the topic, which holds 5 to 20; going on would lose or repeat records",
    )


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    earliest, length = draw(st.integers(0, 30)), draw(st.integers(0, 30))
    texts = st.sampled_from(["", "topic-id=new", "topic-id=old"])
    committed = draw(st.none() | st.builds(Committed, st.integers(0, 70), texts))
    return Finding(committed, Bounds(earliest, earliest + length, earliest + length), "new", draw(st.booleans()))


@given(st.sampled_from(MissingOffsets), st.sampled_from(OutOfRange), findings())
def test_a_start_is_always_in_the_topic(missing: MissingOffsets, out_of_range: OutOfRange, found: Finding) -> None:
    outcome = policy(missing, out_of_range).decide(found)

    assert isinstance(outcome, Halt) or found.bounds.earliest <= outcome.offset <= found.bounds.latest
