"""The parts of librdkafka's statistics that the engine uses."""

from typing import Any

import pytest

from exactly_once.core.consumer_statistics import any_broker_is_up, stable_offsets


@pytest.mark.parametrize(
    ("states", "expected"),
    [([], False), (["INIT", "DOWN"], False), (["DOWN", "UP"], True)],
)
def test_a_broker_is_reached_when_one_is_up(states: list[str], expected: bool) -> None:
    statistics = {"brokers": {str(number): {"state": state} for number, state in enumerate(states)}}

    assert any_broker_is_up(statistics) is expected


def test_stable_offsets_are_those_that_are_known() -> None:
    """-1001 is an offset that is not known, and partition -1 is librdkafka's own."""
    partitions: dict[str, Any] = {"0": {"ls_offset": 7}, "1": {"ls_offset": -1001}, "-1": {"ls_offset": -1001}}
    statistics = {"topics": {"in": {"partitions": partitions}, "other": {"partitions": {"0": {"ls_offset": 0}}}}}

    assert stable_offsets(statistics) == {("in", 0): 7, ("other", 0): 0}
