"""The text that is kept with a committed offset."""

import pytest

from exactly_once.core.offset_metadata import offset_metadata, topic_id_of


def test_the_id_of_the_topic_is_read_back() -> None:
    assert topic_id_of(offset_metadata("0GiiKuTiTeaJ0zQE/ytb1Q")) == "0GiiKuTiTeaJ0zQE/ytb1Q"


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
