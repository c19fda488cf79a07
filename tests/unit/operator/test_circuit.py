"""Patience with a side that is away."""

from hypothesis import given
from hypothesis import strategies as st

from event_topics.failures import Failure
from heartzone_operator.circuit import Circuit

AWAY = Failure("KafkaUnavailable", "Kafka did not answer.", transient=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_waits_grow_up_to_the_longest_whatever_chance_says(chances: list[float]) -> None:
    now = 0.0
    remaining = iter(chances)
    circuit = Circuit("Kafka", first=1, longest=15, chance=lambda: next(remaining))

    for number in range(len(chances)):
        circuit.failed(AWAY, now)
        wait = circuit.retry_at - now
        full = min(15, 2**number)
        assert full / 2 - 1e-6 <= wait <= full + 1e-6
        assert circuit.refusal(now) == AWAY
        now = circuit.retry_at
        assert circuit.refusal(now) is None


def test_the_words_of_an_outage_stay_the_same_so_that_nothing_is_written_for_each_retry() -> None:
    circuit = Circuit("Kafka")

    first = circuit.failed(AWAY, 0)
    again = circuit.failed(Failure("KafkaUnavailable", "Kafka did not answer: 12 identical errors.", transient=True), 9)

    assert first == again == AWAY


def test_an_answer_closes_it_and_only_the_first_one_ends_an_outage() -> None:
    circuit = Circuit("Kafka")
    circuit.failed(AWAY, 0)

    assert circuit.succeeded()
    assert not circuit.succeeded()
    assert circuit.refusal(0) is None
    assert circuit.failure is None
