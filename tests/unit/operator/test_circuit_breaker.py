"""The circuit breaker of a side that is unavailable."""

from hypothesis import given
from hypothesis import strategies as st

from event_topics import Failure, FailureReason
from heartzone_operator.model.circuit_breaker import CircuitBreaker

UNAVAILABLE = Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka did not respond.")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_retry_interval_grows_up_to_its_maximum_whatever_chance_returns(chances: list[float]) -> None:
    now = 0.0
    remaining = iter(chances)
    breaker = CircuitBreaker("Kafka", initial_interval=1, max_interval=15, chance=lambda: next(remaining))

    for number in range(len(chances)):
        breaker.failed(UNAVAILABLE, now)
        wait = breaker.retry_at - now
        full = min(15, 2**number)
        assert full / 2 - 1e-6 <= wait <= full + 1e-6
        assert breaker.open_with(now) == UNAVAILABLE
        now = breaker.retry_at
        assert breaker.open_with(now) is None


def test_the_message_of_an_outage_stays_the_same_so_that_no_status_is_written_at_each_retry() -> None:
    breaker = CircuitBreaker("Kafka")

    first = breaker.failed(UNAVAILABLE, 0)
    again = breaker.failed(Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka did not respond: 12 identical errors."), 9)

    assert first == again == UNAVAILABLE


def test_a_response_closes_it_and_only_the_first_one_ends_an_outage() -> None:
    breaker = CircuitBreaker("Kafka")
    breaker.failed(UNAVAILABLE, 0)

    assert breaker.succeeded()
    assert not breaker.succeeded()
    assert breaker.open_with(0) is None
    assert breaker.failure is None
