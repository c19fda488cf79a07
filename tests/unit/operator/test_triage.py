"""Triage of a batch: resources to reconcile, and those that are paused, in conflict or being deleted."""

from typing import Any

import pytest

from heartzone_operator.model.index import Index
from heartzone_operator.model.label_selector import LabelSelector
from heartzone_operator.model.resource import FINALIZER, Resource, resource_of
from heartzone_operator.model.rivals import ScopeLease
from heartzone_operator.model.scope import Scope
from heartzone_operator.model.triage import Triage, triage

SCOPE = Scope(("shop", "closed"))
SCOPE.rejected("closed", "no RoleBinding")
PAUSED: dict[str, Any] = {"annotations": {"heartzone.dev/pause": "true"}}
DELETING: dict[str, Any] = {"deletionTimestamp": "2026-01-01T01:00:00Z"}
WITH_FINALIZER: dict[str, Any] = {"finalizers": [FINALIZER]}


def resource(name: str = "a", *, created: int = 1, policy: str = "Retain", **metadata: Any) -> Resource:
    fixed = {
        "namespace": "shop",
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
    }
    spec = {"topicName": "Orders", "partitions": 1, "deletionPolicy": policy}
    return resource_of({"metadata": fixed | metadata, "spec": spec})


def assigned(*resources: Resource) -> dict[str, list[str]]:
    """The names in each list that is not empty."""
    index = Index()
    for each in resources:
        index.update(each, 0)
    found = triage(resources, index, SCOPE)
    return {field: names(getattr(found, field)) for field in Triage.__slots__ if getattr(found, field)}


def test_what_another_operator_serves_is_left_to_it_with_its_topic_whichever_is_older() -> None:
    scope = Scope(("shop", "shared"))
    lease = ScopeLease("scope", "shared", "b/heartzone-operator", "2026", LabelSelector(""))
    assert scope.rivals.found("shared", [lease])
    older, theirs = resource("ours", created=1), resource("theirs", created=2, namespace="shared")
    index = Index()
    for each in (older, theirs):
        index.update(each, 0)

    found = triage([older, theirs], index, scope)

    assert found.left == [theirs]
    assert found.conflicting == [(older, theirs)]


def names(entries: list[Any]) -> list[str]:
    return [" ".join(_name(part) for part in (entry if isinstance(entry, tuple) else (entry,))) for entry in entries]


def _name(part: Resource | bool) -> str:
    return str(part) if isinstance(part, bool) else part.key.name


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        pytest.param(resource(), {"ready": ["a"]}, id="reconciled"),
        pytest.param(
            resource(policy="Delete", **WITH_FINALIZER), {"ready": ["a"]}, id="reconciled, with its finalizer"
        ),
        pytest.param(resource(policy="Delete"), {"wrong_finalizer": ["a"]}, id="lacks its finalizer"),
        pytest.param(resource(**WITH_FINALIZER), {"wrong_finalizer": ["a"]}, id="has a finalizer without a policy"),
        pytest.param(resource(**PAUSED), {"paused": ["a"]}, id="paused"),
        pytest.param(
            resource(policy="Delete", **PAUSED, **DELETING, **WITH_FINALIZER), {"paused": ["a"]}, id="paused, deletion"
        ),
        pytest.param(
            resource(policy="Delete", **DELETING, **WITH_FINALIZER),
            {"deleting": ["a True"]},
            id="deleted with its topic",
        ),
        pytest.param(resource(**DELETING, **WITH_FINALIZER), {"deleting": ["a False"]}, id="deleted, its topic stays"),
        pytest.param(resource(**DELETING), {}, id="deleted, finalizers of others only"),
    ],
)
def test_one_resource(each: Resource, expected: dict[str, list[str]]) -> None:
    assert assigned(each) == expected


def test_the_younger_of_two_is_in_conflict_and_is_deleted_without_the_topic() -> None:
    older = resource("older", created=0)

    assert assigned(older, resource("b")) == {"ready": ["older"], "conflicting": ["b older"]}
    assert assigned(older, resource("b", policy="Delete", **DELETING, **WITH_FINALIZER)) == {
        "ready": ["older"],
        "deleting": ["b False"],
    }


def test_a_resource_whose_namespace_cannot_be_listed_is_left_alone_and_still_owns_its_topic() -> None:
    older = resource("older", created=0, namespace="closed")

    index = Index()
    for each in (older, resource("b")):
        index.update(each, 0)
    found = triage([older, resource("b")], index, SCOPE)

    assert [(each.key.name, problem) for each, problem in found.unserved] == [("older", "no RoleBinding")]
    assert names(found.conflicting) == ["b older"]
    assert found.ready == []
