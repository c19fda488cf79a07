"""Which resources of a batch are looked after, and what keeps the others from it."""

from typing import Any

import pytest

from heartzone_operator.fleet import Fleet
from heartzone_operator.resources import FINALIZER, Resource, resource_of
from heartzone_operator.triage import Triage, triage

PAUSED: dict[str, Any] = {"annotations": {"heartzone.dev/pause": "true"}}
DELETING: dict[str, Any] = {"deletionTimestamp": "2026-01-01T01:00:00Z"}
HELD: dict[str, Any] = {"finalizers": [FINALIZER]}


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


def sorted_out(*resources: Resource) -> dict[str, list[str]]:
    """The names in each list that is not empty."""
    fleet = Fleet()
    for each in resources:
        fleet.saw(each, 0)
    found = triage(resources, fleet)
    return {field: names(getattr(found, field)) for field in Triage.__slots__ if getattr(found, field)}


def names(entries: list[Any]) -> list[str]:
    return [" ".join(_name(part) for part in (entry if isinstance(entry, tuple) else (entry,))) for entry in entries]


def _name(part: Resource | bool) -> str:
    return str(part) if isinstance(part, bool) else part.key.name


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        pytest.param(resource(), {"ready": ["a"]}, id="looked after"),
        pytest.param(resource(policy="Delete", **HELD), {"ready": ["a"]}, id="looked after, and held"),
        pytest.param(resource(policy="Delete"), {"wrong_finalizer": ["a"]}, id="to be held"),
        pytest.param(resource(**HELD), {"wrong_finalizer": ["a"]}, id="held no more"),
        pytest.param(resource(**PAUSED), {"paused": ["a"]}, id="paused"),
        pytest.param(resource(policy="Delete", **PAUSED, **DELETING, **HELD), {"paused": ["a"]}, id="paused, deletion"),
        pytest.param(resource(policy="Delete", **DELETING, **HELD), {"deleting": ["a True"]}, id="goes with its topic"),
        pytest.param(resource(**DELETING, **HELD), {"deleting": ["a False"]}, id="goes, its topic stays"),
        pytest.param(resource(**DELETING), {}, id="goes, and is held by others"),
    ],
)
def test_one_resource(each: Resource, expected: dict[str, list[str]]) -> None:
    assert sorted_out(each) == expected


def test_the_younger_of_two_is_in_conflict_and_does_not_take_the_topic_with_it() -> None:
    older = resource("older", created=0)

    assert sorted_out(older, resource("b")) == {"ready": ["older"], "conflicting": ["b older"]}
    assert sorted_out(older, resource("b", policy="Delete", **DELETING, **HELD)) == {
        "ready": ["older"],
        "deleting": ["b False"],
    }
