"""Coordination with other operators: with replicas by the leader's lease, with other releases by scope leases."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from heartzone_operator.kubernetes.api import KubernetesApi
from heartzone_operator.kubernetes.leader_election import LeaderElection
from heartzone_operator.kubernetes.lease_owner import LeaseOwner
from heartzone_operator.kubernetes.ledger import Ledger
from heartzone_operator.kubernetes.scope_leases import ScopeLeases
from heartzone_operator.kubernetes.startup import Startup
from heartzone_operator.model.label_selector import LabelSelector
from heartzone_operator.model.rivals import Rivals

_NAME = "heartzone-operator"


class Coordination:
    """`namespaces` are those that are served, none for all; `on_change` is called when others come or go."""

    def __init__(
        self,
        api: KubernetesApi,
        rivals: Rivals,
        *,
        identity: str,
        namespaces: Sequence[str],
        own_namespace: str,
        lease_namespace: str,
        selector: LabelSelector,
        on_change: Callable[[], None],
    ) -> None:
        suffix, owner = selector.suffix, LeaseOwner(api)
        name = f"{_NAME}{suffix}"
        self.ledger = Ledger(api, namespace=lease_namespace, name=f"{_NAME}-topics{suffix}")
        self._election = LeaderElection(api, namespace=lease_namespace, name=name, identity=identity, owner=owner)
        self._scope_leases = ScopeLeases(
            api,
            rivals,
            namespaces=namespaces,
            own_namespace=own_namespace,
            name=f"{_NAME}-scope{'' if namespaces else '-all'}{suffix}",
            holder=f"{lease_namespace}/{name}",
            selector=selector,
            owner=owner,
            on_change=on_change,
        )

    async def acquire(self, startup: Startup) -> None:
        """Return once this process is the one that acts, and knows what others serve."""
        await self._election.acquire(startup.delayed, startup.waits_for_lease)
        await self._scope_leases.renew()

    def renewals(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what renews the leases until cancelled; the first raises LeaseLostError."""
        return self._election.renew(), self._scope_leases.run()

    async def release(self) -> None:
        """Release all leases, so that others need not wait until they expire."""
        await self._scope_leases.release()
        await self._election.release()
