"""A lease that cannot be renewed is given up before others may acquire it, whatever the API server does.

One that is removed is created anew, unless another operator is faster. It belongs to the operator's ServiceAccount.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from heartzone_operator.kubernetes import leader_election
from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.leader_election import LeaderElection, LeaseLostError
from heartzone_operator.kubernetes.lease_owner import LeaseOwner

FORBIDDEN = RequestRejectedError(403, "leases is forbidden")
NOT_FOUND = RequestRejectedError(404, "not found")
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCOUNT = {"username": "system:serviceaccount:shop:operator", "uid": "1f"}


def election_of(api: object) -> LeaderElection:
    client = cast("KubernetesApi", api)
    return LeaderElection(client, namespace="shop", name="operator", identity="first", owner=LeaseOwner(client))


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
        election = election_of(FailsAfterFirst(hangs=hangs))
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
        if path == REVIEWS:
            return {"status": {"userInfo": ACCOUNT}}
        if method == "GET":
            raise NOT_FOUND
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
        election = election_of(api)
        await election.acquire(lambda _: None, lambda _: None)
        renewing = asyncio.create_task(election.renew())
        await asyncio.wait_for(api.renewed.wait(), 30)
        assert not renewing.done()
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)

    asyncio.run(hold())


class Removes:
    """An API server on which the lease is removed once it is held; `created` are the bodies of new ones."""

    def __init__(self, *, successor: str | None, user: Mapping[str, str] = ACCOUNT) -> None:
        self._successor = successor
        self._user = user
        self.created: list[Mapping[str, Any]] = []
        self.renewed = asyncio.Event()

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if path == REVIEWS:
            return {"status": {"userInfo": self._user}}
        if method == "GET":
            raise NOT_FOUND
        if method == "PUT" and len(self.created) == 1:
            raise RequestRejectedError(409, "Precondition failed: UID")  # as the API server has it
        assert body is not None
        if method == "POST":
            if self.created and self._successor is not None:
                raise RequestRejectedError(409, "already exists")
            self.created.append(body)
        else:
            self.renewed.set()
        return {**body, "metadata": {**body["metadata"], "resourceVersion": "2"}}


def owners(lease: Mapping[str, Any]) -> object:
    return lease["metadata"].get("ownerReferences")


def test_a_lease_that_is_removed_is_created_anew_and_belongs_to_the_operators_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leader_election, "RENEW_INTERVAL", 0.01)
    api = Removes(successor=None)

    async def hold() -> None:
        election = election_of(api)
        await election.acquire(lambda _: None, lambda _: None)
        renewing = asyncio.create_task(election.renew())
        await asyncio.wait_for(api.renewed.wait(), 30)
        assert not renewing.done()
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)

    asyncio.run(hold())

    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "operator", "uid": "1f"}
    assert [owners(each) for each in api.created] == [[owner], [owner]]


def test_a_lease_that_another_operator_creates_first_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader_election, "RENEW_INTERVAL", 0.01)

    async def hold() -> None:
        election = election_of(Removes(successor="second"))
        await election.acquire(lambda _: None, lambda _: None)
        await election.renew()

    with pytest.raises(LeaseLostError, match="shop/operator is lost: already exists"):
        asyncio.run(hold())


@pytest.mark.parametrize(
    "user",
    [
        pytest.param({"username": "system:serviceaccount:elsewhere:operator", "uid": "1f"}, id="of another namespace"),
        pytest.param({"username": "jane", "uid": "1f"}, id="a person"),
    ],
)
def test_a_lease_that_no_account_of_its_namespace_can_own_has_no_owner(user: Mapping[str, str]) -> None:
    """Kubernetes takes an owner of another namespace for one that is gone, and would remove the lease at once."""
    api = Removes(successor=None, user=user)

    asyncio.run(election_of(api).acquire(lambda _: None, lambda _: None))

    assert [owners(each) for each in api.created] == [None]
