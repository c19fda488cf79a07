"""Operators with leases of their own: of what both would serve, each resource is left to exactly one."""

import asyncio
import copy
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest

from heartzone_operator.kubernetes import scope_leases
from heartzone_operator.kubernetes.api import KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.lease_owner import LeaseOwner
from heartzone_operator.kubernetes.scope_leases import ScopeLeases
from heartzone_operator.model.label_selector import LabelSelector
from heartzone_operator.model.resource import Resource, resource_of
from heartzone_operator.model.rivals import Rivals

if TYPE_CHECKING:
    import kopf


class LeaseApi(KubernetesApi):
    """Has leases, as an API server that tests versions; `forbidden` is a method that it rejects."""

    def __init__(self) -> None:
        super().__init__(lambda: cast("kopf.ConnectionInfo", None))
        self.leases: dict[tuple[str, str], dict[str, Any]] = {}
        self.forbidden = ""
        self._versions = itertools.count(1)

    async def request(self, method: str, path: str, body: Any = None, **_: Any) -> dict[str, Any]:
        await asyncio.sleep(0)  # so that operators alternate
        if path.endswith("selfsubjectreviews"):
            return {"status": {"userInfo": {"username": "system:serviceaccount:a:operator", "uid": "1f"}}}
        if method == self.forbidden:
            raise RequestRejectedError(403, "leases is forbidden")
        parts = path.partition("?")[0].split("/")
        namespace = parts[5] if "namespaces" in parts else None
        if method == "GET":
            found = [each for (where, _), each in self.leases.items() if namespace in (None, where)]
            return {"items": copy.deepcopy(found)}
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        former = self.leases.get(key, {"metadata": {}})["metadata"].get("resourceVersion")
        if body["metadata"].get("resourceVersion") != former:
            raise RequestRejectedError(409, "the object has been modified")
        self.leases[key] = copy.deepcopy(body)
        self.leases[key]["metadata"]["resourceVersion"] = str(next(self._versions))
        return copy.deepcopy(self.leases[key])


class Operator:
    """One whose own lease is in `home`."""

    def __init__(self, api: LeaseApi, home: str, *namespaces: str, labels: str = "") -> None:
        self.rivals, self.changes = Rivals(), 0
        self.selector = LabelSelector(labels)
        self.leases = ScopeLeases(
            api,
            self.rivals,
            namespaces=namespaces,
            own_namespace=home,
            name=f"heartzone-operator-scope{'' if namespaces else '-all'}{self.selector.suffix}",
            holder=f"{home}/heartzone-operator",
            selector=self.selector,
            owner=LeaseOwner(api),
            on_change=self._changed,
        )
        self._namespaces = namespaces

    def _changed(self) -> None:
        self.changes += 1

    def serves(self, each: Resource) -> bool:
        in_scope = not self._namespaces or each.key.namespace in self._namespaces
        return in_scope and self.selector.matches(each.labels) and self.rivals.of(each) is None


def resource(namespace: str, labels: Mapping[str, str] | None = None) -> Resource:
    metadata = {"namespace": namespace, "name": "o", "uid": "u", "resourceVersion": "1", "creationTimestamp": ""}
    return resource_of({"metadata": {**metadata, "labels": labels or {}}, "spec": {"partitions": 1}})


def renew(*operators: Operator) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(each.leases.renew() for each in operators))

    asyncio.run(all_at_once())


@pytest.fixture
def api() -> LeaseApi:
    return LeaseApi()


def test_a_namespace_that_two_name_is_served_by_the_one_that_came_first(api: LeaseApi) -> None:
    first, second = Operator(api, "a", "a", "shared"), Operator(api, "b", "shared", "b")
    renew(first)
    renew(second)

    assert first.serves(resource("shared"))
    assert not second.serves(resource("shared"))
    assert second.serves(resource("b"))
    (problem,) = second.rivals.problems
    assert "that of the lease a/heartzone-operator" in problem


def test_what_is_released_is_served_by_the_other_and_stays_there(api: LeaseApi) -> None:
    first, second = Operator(api, "a", "shared"), Operator(api, "b", "shared")
    renew(first)
    renew(second)
    asyncio.run(first.leases.release())
    renew(second)

    assert second.serves(resource("shared"))
    assert second.changes == 2
    first = Operator(api, "a", "shared")
    renew(first)
    assert not first.serves(resource("shared"))


def test_what_a_dead_one_held_is_served_when_its_lease_expires(api: LeaseApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_leases, "DURATION", 0)
    dead, second = Operator(api, "a", "shared"), Operator(api, "b", "shared")
    renew(dead)
    renew(second)
    renew(second)

    assert second.serves(resource("shared"))


def test_one_that_serves_all_leaves_namespaces_to_those_that_name_them(api: LeaseApi) -> None:
    everywhere, one = Operator(api, "infra"), Operator(api, "shop", "shop")
    renew(everywhere)
    renew(one)
    renew(everywhere, one)

    assert one.serves(resource("shop"))
    assert not everywhere.serves(resource("shop"))
    assert everywhere.serves(resource("other"))


def test_of_two_that_serve_all_one_serves_nothing(api: LeaseApi) -> None:
    first, second = Operator(api, "a"), Operator(api, "b")
    renew(first)
    renew(second)
    renew(first)

    assert first.serves(resource("shop"))
    assert not second.serves(resource("shop"))


def test_operators_of_other_labels_share_a_namespace_and_what_both_select_is_the_firsts(api: LeaseApi) -> None:
    orders = Operator(api, "a", "shop", labels="team=orders")
    gold = Operator(api, "b", "shop", labels="tier in (gold, silver)")
    renew(orders)
    renew(gold)

    assert gold.serves(resource("shop", {"tier": "gold"}))
    assert not gold.serves(resource("shop", {"tier": "gold", "team": "orders"}))
    assert orders.serves(resource("shop", {"tier": "gold", "team": "orders"}))


SCOPES: list[tuple[tuple[str, ...], str]] = [
    (("shop",), ""),
    (("shop", "other"), ""),
    (("shop",), "team=orders"),
    ((), ""),
    ((), "team=orders"),
]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(SCOPES, SCOPES)))
def test_whoever_starts_at_the_same_moment_exactly_one_serves_what_both_would(
    api: LeaseApi, one: tuple[tuple[str, ...], str], other: tuple[tuple[str, ...], str]
) -> None:
    operators = [
        Operator(api, home, *namespaces, labels=labels)
        for home, (namespaces, labels) in zip("ab", (one, other), strict=True)
    ]
    renew(*operators)
    renew(*operators)

    assert sum(each.serves(resource("shop", {"team": "orders"})) for each in operators) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_the_right_it_serves_and_says_that_others_are_unknown(api: LeaseApi, method: str) -> None:
    api.forbidden = method
    each = Operator(api, "a", "shop")
    renew(each)

    assert each.serves(resource("shop"))
    assert each.rivals.problems == ("Whether another operator serves shop is unknown: leases is forbidden.",)
    api.forbidden = ""
    renew(each)
    assert not each.rivals.problems
