"""The position of a consumer group in a partition, and its lag: by offsets alone."""

import pytest

from service_chassis.consumer_groups.position import Committed, Position, metadata_of


def position(committed: Committed | None, *, earliest: int = 0, last_stable: int = 100) -> Position:
    return Position(committed=committed, topic_id="now", earliest=earliest, last_stable=last_stable)


@pytest.mark.parametrize(("offset", "lag"), [(0, 100), (60, 40), (100, 0)])
def test_lag_is_what_lies_between_the_committed_and_the_last_stable_offset(offset: int, lag: int) -> None:
    assert position(Committed(offset)).lag == lag


def test_without_a_committed_offset_everything_that_there_is_counts() -> None:
    assert position(None, earliest=30).lag == 70


def test_an_empty_partition_has_no_lag() -> None:
    assert position(None, earliest=100).lag == 0


def test_records_that_were_deleted_do_not_count() -> None:
    found = position(Committed(10), earliest=30)

    assert (found.next_offset, found.lag) == (30, 70)


def test_an_offset_beyond_the_end_says_nothing_and_everything_counts() -> None:
    assert position(Committed(101), earliest=30).lag == 70


def test_an_offset_of_an_earlier_topic_of_the_same_name_says_nothing_and_everything_counts() -> None:
    found = position(Committed(60, metadata_of("before")), earliest=30)

    assert found.is_of_another_topic
    assert found.lag == 70


@pytest.mark.parametrize("metadata", ["", "topic-id=now", "by=somebody", metadata_of("now", set_offset="12:00")])
def test_an_offset_of_this_topic_or_of_a_committer_that_does_not_say_it_counts(metadata: str) -> None:
    found = position(Committed(60, metadata))

    assert not found.is_of_another_topic
    assert found.lag == 40


def test_the_text_beside_an_offset_is_pairs() -> None:
    text = metadata_of("Et3Unhz3RMmjNSwh3ue91g", set_offset="2026-11-29T08:00:00Z")

    assert text == "topic-id=Et3Unhz3RMmjNSwh3ue91g;set-offset=2026-11-29T08:00:00Z"
    assert Committed(1, text).topic_id == "Et3Unhz3RMmjNSwh3ue91g"
