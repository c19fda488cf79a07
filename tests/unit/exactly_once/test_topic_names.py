"""Names that a topic can have."""

import pytest

from exactly_once.core.topic_names import name_problem


@pytest.mark.parametrize("name", ["a", "BiometricsImported.dlq", "a_b-c.9", "...", "n" * 249])
def test_a_name_of_letters_digits_dots_hyphens_and_underscores_is_one(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", ".", "..", "no name", "a/b", "Größe", "line\n", "n" * 250])
def test_another_name_is_named_with_what_would_be_right(name: str) -> None:
    problem = name_problem(name) or ""

    assert repr(name) in problem
    assert "1 to 249 letters, digits, dots, hyphens and underscores" in problem


def test_of_a_very_long_name_the_beginning_is_named() -> None:
    assert len(name_problem("n" * 10_000) or "") < 400
