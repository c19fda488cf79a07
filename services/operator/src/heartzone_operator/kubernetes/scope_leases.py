"""Scope leases: what tells operators that do not share a lease what each of them serves.

Leader election keeps operators of one lease apart. Releases in several namespaces may have leases of their own and
serve the same resources, where each would revert what the other does.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog

from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.lease_owner import LeaseOwner
from heartzone_operator.model.label_selector import LabelSelector
from heartzone_operator.model.rivals import SCOPE, SELECTOR, Rivals, ScopeLease, problem_of, scope_lease_of

# In seconds. The duration is longer than that of the leader's lease, without which an operator ends.
INTERVAL = 10.0
DURATION = 30

_API = "/apis/coordination.k8s.io/v1"

log = structlog.get_logger(__name__)


class ScopeLeases:
    """One lease a namespace, or one in `own_namespace` for all; `on_change` is called when rivals come or go.

    `holder` names the operator, whichever of its replicas acts.
    """

    def __init__(
        self,
        api: KubernetesApi,
        rivals: Rivals,
        *,
        namespaces: Sequence[str],
        own_namespace: str,
        name: str,
        holder: str,
        selector: LabelSelector,
        owner: LeaseOwner,
        on_change: Callable[[], None],
    ) -> None:
        self._api = api
        self._owner = owner
        self._rivals = rivals
        self._scopes: list[tuple[str | None, str]] = [(each, each) for each in namespaces] or [(None, own_namespace)]
        self._name = name
        self._holder = holder
        self._selector = selector
        self._on_change = on_change
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}
        self._held: dict[str, dict[str, Any]] = {}

    async def run(self) -> None:
        """Renew, and look for others, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.renew()

    async def renew(self) -> None:
        """Renew each lease, and look for others; what fails leaves the rivals as they were known."""
        for scope, namespace in self._scopes:
            try:
                others = await self._renew_at_once(scope, namespace)
            except (RequestRejectedError, ApiServerUnavailableError) as error:
                if self._rivals.unseen(namespace, str(error)):
                    log.warning("other_operators_unknown", namespace=namespace, reason=str(error))
                continue
            self._rivals.unseen(namespace, None)
            if self._rivals.found(scope, others):
                for each in others:
                    log.warning("resources_left", reason=problem_of(each))
                if not others:
                    log.info("scope_served", namespace=scope or "all")
                self._on_change()

    async def release(self) -> None:
        """Release the leases, so that another operator need not wait until they expire."""
        for namespace, lease in self._held.items():
            lease["spec"]["holderIdentity"] = ""
            try:
                await self._api.request("PUT", self._path(namespace), lease)
            except (RequestRejectedError, ApiServerUnavailableError) as error:
                log.warning("lease_release_failed", reason=str(error))
        self._held.clear()

    async def _renew_at_once(self, scope: str | None, namespace: str) -> list[ScopeLease]:
        """Renew; once more when the lease was written or removed meanwhile."""
        try:
            return await self._renew(scope, namespace)
        except RequestRejectedError as error:
            if error.status not in (404, 409):
                raise
        return await self._renew(scope, namespace)

    async def _renew(self, scope: str | None, namespace: str) -> list[ScopeLease]:
        """Return the leases of others that came first."""
        mine, others = await self._look(scope, namespace)
        if mine is not None and self._is_alive(mine) and mine["spec"]["holderIdentity"] != self._holder:
            self._held.pop(namespace, None)
            return [scope_lease_of(mine)]
        is_new = mine is None or namespace not in self._held
        self._held[namespace] = await self._write(namespace, mine, after=others if is_new else [])
        if is_new:  # another may have come at the same time: the later one of the two sees both
            unseen = others
            _, others = await self._look(scope, namespace)
            if [each.name for each in others] != [each.name for each in unseen]:
                self._held[namespace] = await self._write(namespace, self._held[namespace], after=others)
        own = scope_lease_of(self._held[namespace])
        return [each for each in others if each.came_before(own)]

    async def _look(self, scope: str | None, namespace: str) -> tuple[dict[str, Any] | None, list[ScopeLease]]:
        """Return the own lease and those of others that may serve the same, and are alive."""
        path = f"{_API}/leases" if scope is None else f"{_API}/namespaces/{quote(namespace, safe='')}/leases"
        found = await self._api.request("GET", f"{path}?labelSelector={quote(SCOPE, safe='')}")
        mine, others = None, list[ScopeLease]()
        for lease in found.get("items") or ():
            metadata = lease["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, self._name):
                mine = lease
                continue
            each, is_alive = scope_lease_of(lease), self._is_alive(lease)
            # One that serves all leaves this namespace to whoever names it.
            if is_alive and each.holder != self._holder and (scope is None or each.namespace is not None):
                others.append(each)
        return mine, others

    def _is_alive(self, lease: dict[str, Any]) -> bool:
        """Return whether it is held; clocks are not compared, but the time that it did not change is counted."""
        metadata, spec = lease["metadata"], lease.get("spec") or {}
        key, version, now = (metadata["namespace"], metadata["name"]), metadata["resourceVersion"], time.monotonic()
        if self._seen.get(key, ("", 0.0))[0] != version:
            self._seen[key] = version, now
        duration = spec.get("leaseDurationSeconds", DURATION)
        return bool(spec.get("holderIdentity")) and now - self._seen[key][1] <= duration

    async def _write(
        self, namespace: str, lease: dict[str, Any] | None, *, after: Sequence[ScopeLease]
    ) -> dict[str, Any]:
        """Write the lease; one that is new is acquired later than those of others."""
        now = _text(datetime.now(UTC))
        former = (lease or {}).get("spec") or {}
        spec = former | {"holderIdentity": self._holder, "leaseDurationSeconds": DURATION, "renewTime": now}
        if lease is None or namespace not in self._held or after:
            spec["acquireTime"] = max([now, *(_next(each.acquired) for each in after)])
        if lease is None:
            owned = await self._owner.metadata(namespace)
            metadata = {"name": self._name, "namespace": namespace, **owned}
        else:
            metadata = lease["metadata"]
        metadata |= {
            "labels": {SCOPE: "namespace" if namespace in [scope for scope, _ in self._scopes] else "all"},
            "annotations": {SELECTOR: self._selector.text},
        }
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        if lease is None:
            return await self._api.request("POST", f"{_API}/namespaces/{quote(namespace, safe='')}/leases", body)
        return await self._api.request("PUT", self._path(namespace), body)

    def _path(self, namespace: str) -> str:
        return f"{_API}/namespaces/{quote(namespace, safe='')}/leases/{quote(self._name, safe='')}"


def _text(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _next(acquired: str) -> str:
    """Return a time after that of another, whose clock may be ahead."""
    try:
        return _text(datetime.fromisoformat(acquired) + timedelta(microseconds=1))
    except ValueError:
        return ""
