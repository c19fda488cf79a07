"""One operator acts, the others wait: a lease of coordination.k8s.io, renewed while its holder lives.

As client-go's leader election has it: clocks are not compared. Who waits counts the time since it last *saw* the lease
change, and takes it over when that exceeds the lease's duration.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import structlog

from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable

DURATION_S = 15
RENEW_EVERY_S = 5.0
ASK_EVERY_S = 2.0

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another operator has the lease, or it could not be renewed in time: whatever goes on now must stop."""


class Lease:
    """The lease `name` in `namespace`, held under `identity`."""

    def __init__(self, api: KubernetesApi, *, namespace: str, name: str, identity: str) -> None:
        self._api = api
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._held: dict[str, Any] | None = None

    async def acquire(self, on_waiting: Callable[[str], None]) -> None:
        """Return once the lease is held; `on_waiting` hears why it is not yet."""
        seen: tuple[str, float] = ("", 0.0)
        while True:
            try:
                lease = await self._read()
                version = lease["metadata"]["resourceVersion"] if lease else ""
                if version != seen[0]:
                    seen = version, time.monotonic()
                spec = (lease or {}).get("spec") or {}
                holder = spec.get("holderIdentity") or ""
                expired = time.monotonic() - seen[1] > spec.get("leaseDurationSeconds", DURATION_S)
                if holder in ("", self._identity) or expired:
                    self._held = await self._write(lease)
                    log.info("lease_acquired", lease=self._name, namespace=self._namespace, former_holder=holder)
                    return
                on_waiting(f"the operator {holder} holds the lease {self._namespace}/{self._name}; waiting for its end")
            except KubernetesUnavailable as error:
                on_waiting(f"the API server does not answer: {error}")
            except KubernetesError as error:
                if error.status != 409:
                    on_waiting(f"the lease {self._namespace}/{self._name} cannot be had: {error}")
            await asyncio.sleep(ASK_EVERY_S)

    async def keep(self) -> None:
        """Renew for ever. Raises LeaseLost, a second before others may take the lease over."""
        renewed, pause = time.monotonic(), RENEW_EVERY_S
        while True:
            await asyncio.sleep(pause)
            asked, pause = time.monotonic(), RENEW_EVERY_S
            ends = renewed + DURATION_S - 1 - ASK_EVERY_S
            try:
                # A process that was frozen asks once more: nobody can have taken the lease if it still may be written.
                async with asyncio.timeout(max(ends - asked, ASK_EVERY_S)):
                    if await self._renew():
                        renewed = asked
            except (KubernetesUnavailable, TimeoutError) as error:
                if time.monotonic() >= ends:
                    reason = str(error) or "no answer"
                    raise LeaseLost(f"the lease could not be renewed for {DURATION_S} s: {reason}") from error
                pause = ASK_EVERY_S

    async def release(self) -> None:
        """Let the next one have it at once; not being able to only makes that one wait."""
        if self._held is None or self._held["spec"].get("holderIdentity") != self._identity:
            return  # never had, or somebody else's by now
        self._held["spec"]["holderIdentity"] = ""
        try:
            await self._api.request("PUT", f"{self._collection}/{quote(self._name, safe='')}", self._held)
        except (KubernetesError, KubernetesUnavailable) as error:
            log.warning("lease_not_released", reason=str(error))

    async def _renew(self) -> bool:
        """Return whether the lease was renewed; not when somebody has changed it and left it ours. Raises LeaseLost."""
        try:
            self._held = await self._write(self._held)
        except KubernetesError as error:
            if error.status == 409 and await self._is_still_ours():
                return False
            raise LeaseLost(f"the lease {self._namespace}/{self._name} is lost: {error}") from error
        return True

    async def _is_still_ours(self) -> bool:
        lease = await self._read()
        self._held = lease
        return lease is not None and (lease.get("spec") or {}).get("holderIdentity") == self._identity

    async def _read(self) -> dict[str, Any] | None:
        try:
            return await self._api.request("GET", f"{self._collection}/{quote(self._name, safe='')}")
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise

    async def _write(self, lease: dict[str, Any] | None) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        former = (lease or {}).get("spec") or {}
        spec = former | {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": DURATION_S,
            "renewTime": now,
        }
        if former.get("holderIdentity") != self._identity:
            spec |= {"acquireTime": now, "leaseTransitions": former.get("leaseTransitions", 0) + (1 if lease else 0)}
        if lease is None:
            body = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._name, "namespace": self._namespace},
                "spec": spec,
            }
            return await self._api.request("POST", self._collection, body)
        return await self._api.request(
            "PUT", f"{self._collection}/{quote(self._name, safe='')}", {**lease, "spec": spec}
        )
