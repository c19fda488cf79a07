"""Leader election by a lease of coordination.k8s.io: one operator acts and renews the lease, the others wait.

As in client-go's leaderelection, clocks are not compared: a waiting operator counts the time since it last *observed* a
change of the lease, and acquires it when that exceeds the lease's duration. A lease that is removed is created anew by
its holder, unless another operator is faster.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import structlog

from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.lease_owner import LeaseOwner

# All in seconds.
LEASE_DURATION = 15
RENEW_INTERVAL = 5.0
RETRY_INTERVAL = 2.0
ATTEMPT_TIMEOUT = 4.0  # a connection on which nothing comes must leave time for others

log = structlog.get_logger(__name__)


class LeaseLostError(Exception):
    """Another operator holds the lease, or it could not be renewed in time: this one must stop at once."""


class LeaderElection:
    """Holds the lease `name` in `namespace`, under `identity`."""

    def __init__(self, api: KubernetesApi, *, namespace: str, name: str, identity: str, owner: LeaseOwner) -> None:
        self._api = api
        self._owner = owner
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._held: dict[str, Any] | None = None

    async def acquire(self, on_waiting: Callable[[str], None], on_standby: Callable[[str], None]) -> None:
        """Return once the lease is held.

        Meanwhile `on_standby` is called when another operator holds it, `on_waiting` when it cannot be acquired, each
        with the reason.
        """
        observed: tuple[str, float] = ("", 0.0)
        while True:
            try:
                lease = await self._read()
                version = lease["metadata"]["resourceVersion"] if lease else ""
                if version != observed[0]:
                    observed = version, time.monotonic()
                spec = (lease or {}).get("spec") or {}
                holder = spec.get("holderIdentity") or ""
                expired = time.monotonic() - observed[1] > spec.get("leaseDurationSeconds", LEASE_DURATION)
                if holder in ("", self._identity) or expired:
                    self._held = await self._write(lease)
                    log.info("lease_acquired", lease=self._name, namespace=self._namespace, former_holder=holder)
                    return
                on_standby(f"the operator {holder} holds the lease {self._namespace}/{self._name}; waiting for its end")
            except ApiServerUnavailableError as error:
                on_waiting(f"the API server does not respond: {error}")
            except RequestRejectedError as error:
                if error.status != 409:
                    on_waiting(f"the lease {self._namespace}/{self._name} cannot be acquired: {error}")
            await asyncio.sleep(RETRY_INTERVAL)

    async def renew(self) -> None:
        """Renew until cancelled. Raises LeaseLostError, a second before others may acquire the lease."""
        renewed, interval = time.monotonic(), RENEW_INTERVAL
        while True:
            await asyncio.sleep(interval)
            requested, interval = time.monotonic(), RENEW_INTERVAL
            ends = renewed + LEASE_DURATION - 1 - RETRY_INTERVAL
            try:
                # A process that was frozen tries once more: if the write succeeds, nobody has acquired the lease.
                async with asyncio.timeout(min(ATTEMPT_TIMEOUT, max(ends - requested, RETRY_INTERVAL))):
                    if await self._renew_once():
                        renewed = requested
            except (ApiServerUnavailableError, RequestRejectedError, TimeoutError) as error:
                # A rejection says nothing of the lease: an API server that starts rejects whom it does not know yet.
                reason = str(error) or "no response"
                if time.monotonic() >= ends:
                    raise LeaseLostError(f"the lease could not be renewed for {LEASE_DURATION} s: {reason}") from error
                log.warning("lease_renewal_failed", reason=reason)
                interval = RETRY_INTERVAL

    async def release(self) -> None:
        """Release the lease, so that the next operator need not wait until it expires."""
        if self._held is None or self._held["spec"].get("holderIdentity") != self._identity:
            return  # never acquired, or lost
        self._held["spec"]["holderIdentity"] = ""
        try:
            await self._api.request("PUT", f"{self._collection}/{quote(self._name, safe='')}", self._held)
        except (RequestRejectedError, ApiServerUnavailableError) as error:
            log.warning("lease_release_failed", reason=str(error))

    async def _renew_once(self) -> bool:
        """Renew; return False when somebody else changed the lease but not its holder. Raises LeaseLostError."""
        try:
            self._held = await self._write(self._held)
        except RequestRejectedError as error:
            # The API server calls the write of a lease that was removed a conflict, too.
            if error.status not in (404, 409):
                raise
            lease = await self._read()
            if lease is None:
                await self._create_anew()
                return True
            if (lease.get("spec") or {}).get("holderIdentity") != self._identity:
                raise self._lost(error) from error
            self._held = lease
            return False
        return True

    async def _create_anew(self) -> None:
        """Create the lease after it was removed, by hand or with the account that owned it. Raises LeaseLostError."""
        try:
            self._held = await self._write(None)
        except RequestRejectedError as error:
            if error.status == 409:
                raise self._lost(error) from error
            raise

    def _lost(self, error: RequestRejectedError) -> LeaseLostError:
        return LeaseLostError(f"the lease {self._namespace}/{self._name} is lost: {error}")

    async def _read(self) -> dict[str, Any] | None:
        try:
            return await self._api.request("GET", f"{self._collection}/{quote(self._name, safe='')}")
        except RequestRejectedError as error:
            if error.status == 404:
                return None
            raise

    async def _write(self, lease: dict[str, Any] | None) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        former = (lease or {}).get("spec") or {}
        spec = former | {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": LEASE_DURATION,
            "renewTime": now,
        }
        if former.get("holderIdentity") != self._identity:
            spec |= {"acquireTime": now, "leaseTransitions": former.get("leaseTransitions", 0) + (1 if lease else 0)}
        if lease is None:
            body = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {
                    "name": self._name,
                    "namespace": self._namespace,
                    **await self._owner.metadata(self._namespace),
                },
                "spec": spec,
            }
            return await self._api.request("POST", self._collection, body)
        return await self._api.request(
            "PUT", f"{self._collection}/{quote(self._name, safe='')}", {**lease, "spec": spec}
        )
