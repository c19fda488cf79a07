"""The rights that the operator's Role gives are those that it needs: each is taken away once, and something fails."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from operators import RBAC, SCHEMA_1, OperatorBench, event_topic
from pipeline import ServiceProcess
from testbed import eventually

MANIFESTS = list(yaml.safe_load_all(RBAC.read_text()))
ROLE = next(each for each in MANIFESTS if each["kind"] == "Role")
RIGHTS = [(rule["resources"][0], verb) for rule in ROLE["rules"] for verb in rule["verbs"]]
Lacks = Callable[[OperatorBench, ServiceProcess], object]


def log_says(words: str) -> Lacks:
    return lambda bench, operator: words in operator.process.log()


def says_why_it_waits(bench: OperatorBench, operator: ServiceProcess) -> bool:
    return "cannot be had" in operator.get("/readyz")[1]


# What a person sees when the right is missing.
SIGNS: dict[tuple[str, str], Lacks] = {
    ("eventtopics", "list"): log_says('cannot list resource \\"eventtopics\\"'),
    ("eventtopics", "watch"): log_says('cannot watch resource \\"eventtopics\\"'),
    ("eventtopics", "patch"): log_says('cannot patch resource \\"eventtopics\\"'),
    ("eventtopics/status", "patch"): log_says('cannot patch resource \\"eventtopics/status\\"'),
    ("configmaps", "get"): log_says('cannot get resource \\"configmaps\\"'),
    ("configmaps", "list"): log_says('cannot list resource \\"configmaps\\"'),
    ("configmaps", "watch"): log_says('cannot watch resource \\"configmaps\\"'),
    ("events", "create"): log_says('cannot create resource \\"events\\"'),
    ("leases", "get"): says_why_it_waits,
    ("leases", "create"): says_why_it_waits,
    ("leases", "update"): log_says('cannot update resource \\"leases\\"'),
}


def test_the_role_names_no_wildcard_and_no_secret() -> None:
    for rule in ROLE["rules"]:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert not {"secrets", "customresourcedefinitions", "namespaces"} & set(rule["resources"])


def test_every_right_is_looked_at_here() -> None:
    assert set(RIGHTS) == SIGNS.keys()


@pytest.mark.parametrize("right", RIGHTS, ids=[f"{verb} {resource}" for resource, verb in RIGHTS])
def test_without_the_right_something_fails(bench: OperatorBench, right: tuple[str, str]) -> None:
    resource, verb = right
    role: dict[str, Any] = deepcopy(ROLE)
    for rule in role["rules"]:
        if rule["resources"] == [resource]:
            rule["verbs"].remove(verb)
    role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
    bench.kubectl.apply(role)
    source = {"type": "JSON", "schemaFrom": {"configMapKeyRef": {"name": "schemas", "key": "order"}}}
    bench.kubectl.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "schemas"}, "data": {"order": SCHEMA_1}}
    )
    bench.apply(event_topic(valueSchema=source, deletionPolicy="Delete"))

    operator = bench.start()
    try:
        eventually(lambda: SIGNS[right](bench, operator), f"a sign that the right to {verb} {resource} is missing")
    finally:
        operator.process.terminate(30)
