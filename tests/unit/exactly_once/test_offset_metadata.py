"""The text that is kept with a committed offset."""

import pytest

from exactly_once.core.offset_metadata import offset_metadata, partitions_of, topic_id_of


def test_the_id_of_the_topic_is_read_back() -> None:
    assert topic_id_of(offset_metadata("0GiiKuTiTeaJ0zQE/ytb1Q")) == "0GiiKuTiTeaJ0zQE/ytb1Q"


def test_the_number_of_partitions_is_read_back_and_told_only_with_the_topic() -> None:
    assert partitions_of(offset_metadata("abc", 12)) == 12
    assert topic_id_of(offset_metadata("abc", 12)) == "abc"
    assert offset_metadata(None, 12) == ""


@pytest.mark.parametrize("text", [None, "", "topic-id=abc", "partitions=", "partitions=many", "partitions=-1"])
def test_a_text_without_a_number_of_partitions_has_none(text: str | None) -> None:
    assert partitions_of(text) is None


def test_an_id_that_is_not_known_leaves_no_text() -> None:
    assert offset_metadata(None) == ""


@pytest.mark.parametrize(
    ("text", "topic_id"),
    [
        ("topic-id=abc;set-offset=2026-11-29T08:00:00Z", "abc"),
        ("set-offset=2026-11-29T08:00:00Z; topic-id=abc", "abc"),
        ("", None),
        (None, None),
        ("what another program keeps here", None),
        ("topic-id=", None),
    ],
)
def test_texts_of_other_programs_are_read_as_far_as_they_go(text: str | None, topic_id: str | None) -> None:
    assert topic_id_of(text) == topic_id
