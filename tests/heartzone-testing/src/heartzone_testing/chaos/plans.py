"""The campaigns of the long form, one after the other: on one and on three brokers, under both protocols."""

import random
from itertools import product

from heartzone_testing.chaos.faults import BrokerFault, GroupFault, ServiceFault
from heartzone_testing.chaos.schedule import Plan
from heartzone_testing.chaos.services import ServicesPlan

ON_ONE_BROKER = (BrokerFault.FREEZE, BrokerFault.SLOW, GroupFault.ISOLATION)
"""One that is killed alone may lose the markers of transactions that were aborted, whatever its workers do."""
ON_THREE_BROKERS = (*BrokerFault, GroupFault.ISOLATION)
OF_SERVICES = (*ServiceFault, BrokerFault.KILL, BrokerFault.FREEZE, BrokerFault.ROLL)

# Workers on one broker, workers on three, services on three; and then the same under the other protocol.
VARIANTS = tuple(product(("classic", "consumer"), ("workers on 1", "workers on 3", "services on 3")))


def plan_of(number: int, seed: int) -> Plan | ServicesPlan:
    """The plan of this campaign, counted from 0."""
    protocol, variant = VARIANTS[number % len(VARIANTS)]
    source = random.Random(seed)
    if variant == "services on 3":
        return ServicesPlan(seed=seed, protocol=protocol, faults=tuple(source.sample(OF_SERVICES, len(OF_SERVICES))))
    brokers = 1 if variant == "workers on 1" else 3
    any_order = ON_ONE_BROKER if brokers == 1 else ON_THREE_BROKERS
    return Plan(
        seed=seed,
        protocol=protocol,
        brokers=brokers,
        records=350_000,
        rate=4_000,
        kills=22,
        zombies=4,
        fences=2,
        stalls=1,
        ambiguous_commits=8,
        faults=(*source.sample(any_order, len(any_order)), GroupFault.TOPIC_ANEW, GroupFault.OFFSETS_LOST),
    )
