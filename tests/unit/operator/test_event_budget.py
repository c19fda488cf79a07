"""Many edits of one resource become few events, and hide neither warnings nor other resources."""

from heartzone_operator.model.event_budget import BURST, REFILL_INTERVAL, EventBudget


def test_of_200_edits_of_a_resource_a_burst_becomes_events_and_then_one_for_each_interval() -> None:
    budget = EventBudget()

    assert sum(budget.allows("u", "Normal", now=edit) for edit in range(200)) == BURST

    assert budget.allows("u", "Normal", now=1.5 * REFILL_INTERVAL)
    assert not budget.allows("u", "Normal", now=1.5 * REFILL_INTERVAL)


def test_neither_a_warning_nor_another_resource_waits_for_the_many_of_one() -> None:
    budget = EventBudget()
    for _ in range(200):
        budget.allows("u", "Normal", now=0)

    assert budget.allows("u", "Warning", now=0)
    assert budget.allows("other", "Normal", now=0)


def test_what_is_remembered_is_bounded() -> None:
    budget = EventBudget()
    for number in range(20_000):
        assert budget.allows(str(number), "Normal", now=0)

    assert len(budget._tokens) < 5_000
