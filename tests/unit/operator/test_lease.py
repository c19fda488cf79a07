"""A lease that cannot be renewed is given up before others may take it, whatever the API server does."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from heartzone_operator import lease as leases
from heartzone_operator.kubernetes import KubernetesApi, KubernetesUnavailable
from heartzone_operator.lease import Lease, LeaseLost


class OnceThen:
    """An API server that has no lease and takes one; then it answers nobody, or that it is in no state to."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if method == "GET":
            return {"metadata": {"name": path, "resourceVersion": "1"}}
        assert body is not None
        if body["metadata"]["resourceVersion"] == "1":
            return {**body, "metadata": {"resourceVersion": "2"}}
        if self._hangs:
            await asyncio.Event().wait()
        raise KubernetesUnavailable("no etcd")


@pytest.mark.parametrize("hangs", [True, False], ids=["no answer", "an error of the server"])
def test_a_lease_that_cannot_be_renewed_is_given_up(monkeypatch: pytest.MonkeyPatch, hangs: bool) -> None:
    monkeypatch.setattr(leases, "DURATION_S", 1.5)
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.05)
    monkeypatch.setattr(leases, "ASK_EVERY_S", 0.1)

    async def hold() -> None:
        lease = Lease(cast("KubernetesApi", OnceThen(hangs=hangs)), namespace="shop", name="operator", identity="first")
        await lease.acquire(lambda _: None)
        await lease.keep()

    with pytest.raises(LeaseLost, match="could not be renewed"):
        asyncio.run(hold())
