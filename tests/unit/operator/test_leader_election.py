"""A lease that cannot be renewed is released before others may acquire it, whatever the API server does."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from heartzone_operator.kubernetes import leader_election
from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.leader_election import LeaderElection, LeaseLostError

FORBIDDEN = RequestRejectedError(403, "leases is forbidden")


class FailsAfterFirst:
    """An API server that accepts one lease; then it does not respond, or responds with an error."""

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
        raise ApiServerUnavailableError("no etcd")


@pytest.mark.parametrize("hangs", [True, False], ids=["no response", "an error of the server"])
def test_a_lease_that_cannot_be_renewed_is_given_up(monkeypatch: pytest.MonkeyPatch, hangs: bool) -> None:
    monkeypatch.setattr(leader_election, "LEASE_DURATION", 1.5)
    monkeypatch.setattr(leader_election, "RENEW_INTERVAL", 0.05)
    monkeypatch.setattr(leader_election, "RETRY_INTERVAL", 0.1)

    async def hold() -> None:
        api = cast("KubernetesApi", FailsAfterFirst(hangs=hangs))
        election = LeaderElection(api, namespace="shop", name="operator", identity="first")
        await election.acquire(lambda _: None, lambda _: None)
        await election.renew()

    with pytest.raises(LeaseLostError, match="could not be renewed"):
        asyncio.run(hold())


class Recovers:
    """An API server that accepts one lease, fails, and accepts it again; `renewed` is set then."""

    def __init__(self, *failures: Exception | None) -> None:
        self._failures = list(failures)
        self.renewed = asyncio.Event()

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if method == "GET":
            raise RequestRejectedError(404, "not found")
        assert body is not None
        if method == "PUT":
            if self._failures:
                if (failure := self._failures.pop(0)) is None:
                    await asyncio.Event().wait()
                else:
                    raise failure
            self.renewed.set()
        return {**body, "metadata": {"name": path, "resourceVersion": "2"}}


@pytest.mark.parametrize(
    "failures",
    [
        pytest.param([FORBIDDEN, FORBIDDEN, FORBIDDEN], id="rejected while the API server starts"),
        pytest.param([None, FORBIDDEN], id="a silent connection"),
        pytest.param([ApiServerUnavailableError("no etcd")], id="an error of the server"),
    ],
)
def test_a_lease_whose_renewal_fails_for_a_while_is_kept(
    monkeypatch: pytest.MonkeyPatch, failures: list[Exception | None]
) -> None:
    monkeypatch.setattr(leader_election, "LEASE_DURATION", 60)
    monkeypatch.setattr(leader_election, "ATTEMPT_TIMEOUT", 0.05)
    monkeypatch.setattr(leader_election, "RENEW_INTERVAL", 0.01)
    monkeypatch.setattr(leader_election, "RETRY_INTERVAL", 0.01)

    async def hold() -> None:
        api = Recovers(*failures)
        election = LeaderElection(cast("KubernetesApi", api), namespace="shop", name="operator", identity="first")
        await election.acquire(lambda _: None, lambda _: None)
        renewing = asyncio.create_task(election.renew())
        await asyncio.wait_for(api.renewed.wait(), 30)
        assert not renewing.done()
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)

    asyncio.run(hold())
