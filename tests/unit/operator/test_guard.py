"""The guard of one side: what its circuit breaker learns from responses."""

import pytest
from structlog.testing import capture_logs

from event_topics import Failure, FailureReason
from heartzone_operator.cluster.guard import Guard

UNAVAILABLE = Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka did not respond.")
INVALID = Failure(FailureReason.INVALID_CONFIG, "Unknown key.")


@pytest.fixture
def guard() -> Guard:
    return Guard("Kafka", unavailable="kafka_unavailable", recovered="kafka_recovered", clock=lambda: 0.0)


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(guard: Guard) -> None:
    with capture_logs() as logs:
        guard.record([UNAVAILABLE])
        guard.record([UNAVAILABLE])
        guard.record([None])
        guard.record([None])

    assert [each["event"] for each in logs] == ["kafka_unavailable", "kafka_recovered"]


def test_a_side_that_rejects_a_request_is_not_unavailable(guard: Guard) -> None:
    assert guard.record([INVALID, None]) == [INVALID, None]
    assert guard.failure is None


def test_no_request_is_made_while_the_circuit_is_open(guard: Guard) -> None:
    guard.record([UNAVAILABLE])

    assert guard.call(["a", "b"], lambda: pytest.fail("a request")) == {"a": UNAVAILABLE, "b": UNAVAILABLE}


def test_a_round_without_requests_does_not_end_an_outage(guard: Guard) -> None:
    guard.record([UNAVAILABLE])

    assert guard.record([]) == []
    assert guard.failure == UNAVAILABLE


def test_a_call_about_nothing_makes_no_request(guard: Guard) -> None:
    assert guard.call([], lambda: pytest.fail("a request")) == {}


def test_a_side_that_says_that_nothing_exists_has_responded() -> None:
    times = iter([0.0, 60.0])
    later = Guard("Kafka", unavailable="kafka_unavailable", recovered="kafka_recovered", clock=lambda: next(times))
    later.record([UNAVAILABLE])

    assert later.call(["a"], dict) == {}
    assert later.failure is None
