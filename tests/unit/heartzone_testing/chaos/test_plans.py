"""The long form has every kind of campaign in turn, each the same for the same seed."""

from itertools import product

import pytest

from heartzone_testing.chaos.faults import BrokerFault, GroupFault, ServiceFault
from heartzone_testing.chaos.plans import VARIANTS, plan_of
from heartzone_testing.chaos.services import ServicesPlan


def test_campaigns_are_on_one_broker_and_on_three_under_both_protocols() -> None:
    plans = [plan_of(number, number) for number in range(len(VARIANTS))]
    assert {(type(each), each.brokers, each.protocol) for each in plans} == {
        (type(plan), plan.brokers, protocol) for plan, protocol in product(plans, ("classic", "consumer"))
    }
    assert {fault for each in plans for fault in each.faults} == {*BrokerFault, *GroupFault, *ServiceFault}


@pytest.mark.parametrize("number", range(len(VARIANTS)))
def test_a_seed_says_everything_and_workers_lose_their_offsets_last(number: int) -> None:
    plan = plan_of(number, 7)
    assert plan == plan_of(number, 7)
    if not isinstance(plan, ServicesPlan):
        assert plan.faults[-1] is GroupFault.OFFSETS_LOST
        assert plan.brokers == 3 or BrokerFault.KILL not in plan.faults
