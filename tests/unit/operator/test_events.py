"""Events of readiness: one for each change that concerns the resource, none for an outage of all."""

import pytest

from event_topics.model import Condition, ConditionStatus
from heartzone_operator.model.events import readiness_event


def condition(status: ConditionStatus, reason: str) -> Condition:
    return Condition(type="Ready", status=status, reason=reason, message="A sentence.", last_transition_time="")


READY, INVALID = condition("True", "Ready"), condition("False", "InvalidSchema")
OUTAGE = condition("Unknown", "KafkaUnavailable")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, READY, None, id="ready at once: the event Applied says so"),
        pytest.param(None, INVALID, "Warning", id="wrong at once"),
        pytest.param(READY, INVALID, "Warning", id="wrong now"),
        pytest.param(INVALID, INVALID, None, id="still wrong"),
        pytest.param(INVALID, READY, "Normal", id="mended"),
        pytest.param(READY, OUTAGE, None, id="an outage"),
        pytest.param(OUTAGE, READY, None, id="the end of an outage"),
        pytest.param(OUTAGE, INVALID, "Warning", id="wrong after an outage"),
    ],
)
def test_a_change_of_readiness(before: Condition | None, after: Condition, expected: str | None) -> None:
    event = readiness_event(before, after)

    assert (event.type if event else None) == expected
