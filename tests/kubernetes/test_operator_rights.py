"""The operator's Role grants what it needs and no more: each right is removed once, and a feature is missing then.

The feature is checked only after the rejection was reported: until then it might just be late.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from heartzone_testing.checkout import RBAC
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.services.response import Response
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

ROLE = next(each for each in yaml.safe_load_all(RBAC.read_text()) if each["kind"] == "Role")
RIGHTS = list(dict.fromkeys((rule["resources"][0], verb) for rule in ROLE["rules"] for verb in rule["verbs"]))

PLAIN, READER, DELETED = (f"{name}-topic" for name in ("plain", "reader", "deleted"))


@dataclass(frozen=True)
class Bench:
    """An operator with the rights that a test leaves it, and three resources: see `apply_resources`."""

    bench: OperatorBench
    operator: ServiceProcess
    topics: dict[str, str]

    def log_says(self, words: str) -> bool:
        return words in self.operator.process.log()

    def ready(self) -> Response:
        return self.operator.get("/readyz")

    def creates_topics(self) -> bool:
        return self.bench.topic(self.topics[PLAIN]) is not None

    def writes_statuses(self) -> bool:
        return self.bench.condition(PLAIN).get("status") == "True"

    def reads_schemas_from_config_maps(self) -> bool:
        return self.bench.condition(READER).get("status") == "True"

    def holds_what_is_to_be_deleted_with_its_topic(self) -> bool:
        return "finalizers" in self.bench.kubectl.get("et", DELETED)["metadata"]

    def posts_events(self) -> bool:
        return "Applied" in self.bench.event_reasons(PLAIN)

    def is_ready_to_follow_changes(self) -> bool:
        return self.ready().status == 200

    def sees_other_operators(self) -> bool:
        return "Whether another operator serves" not in self.ready().text

    def stays(self) -> bool:
        return self.operator.process.poll() is None


Says = Callable[[Bench], bool]


def rejected(verb: str, resource: str) -> Says:
    return lambda each: each.log_says(f'cannot {verb} resource \\"{resource}\\"')


def not_ready(words: str) -> Says:
    return lambda each: each.ready().status == 503 and words in each.ready().text


@dataclass(frozen=True)
class Missing:
    """`reported`: where a person reads the rejection. `feature`: what fails then. `works`: what does not."""

    reported: Says
    feature: Says
    works: tuple[Says, ...] = ()


def of_the_lease(verb: str) -> Missing:
    words = f'cannot {verb} resource \\"leases\\"'
    return Missing(not_ready(words), Bench.creates_topics)


def of_the_record(verb: str) -> Missing:
    """Without a record of whose a topic is, none is made: nobody could tell it from others' later."""
    return Missing(rejected(verb, "configmaps"), Bench.creates_topics, (Bench.is_ready_to_follow_changes,))


MISSING = {
    ("eventtopics", "list"): Missing(not_ready("the EventTopics cannot be listed"), Bench.creates_topics),
    ("eventtopics", "watch"): Missing(
        not_ready("cannot watch resource"), Bench.is_ready_to_follow_changes, (Bench.creates_topics,)
    ),
    ("eventtopics", "patch"): Missing(
        lambda each: each.bench.condition(DELETED).get("reason") == "FinalizerRefused",
        Bench.holds_what_is_to_be_deleted_with_its_topic,
        (Bench.writes_statuses, Bench.is_ready_to_follow_changes),
    ),
    ("eventtopics/status", "patch"): Missing(
        rejected("patch", "eventtopics/status"), Bench.writes_statuses, (Bench.creates_topics,)
    ),
    ("configmaps", "get"): Missing(not_ready("the record of topics cannot be read"), Bench.creates_topics),
    ("configmaps", "list"): Missing(not_ready("cannot list resource"), Bench.is_ready_to_follow_changes),
    ("configmaps", "watch"): Missing(not_ready("cannot watch resource"), Bench.is_ready_to_follow_changes),
    ("configmaps", "create"): of_the_record("create"),
    ("configmaps", "patch"): of_the_record("patch"),
    ("events", "create"): Missing(
        rejected("create", "events"),
        Bench.posts_events,
        (Bench.writes_statuses, Bench.is_ready_to_follow_changes),
    ),
    ("leases", "get"): of_the_lease("get"),
    ("leases", "create"): of_the_lease("create"),
    ("leases", "list"): Missing(
        rejected("list", "leases"), Bench.sees_other_operators, (Bench.is_ready_to_follow_changes, Bench.creates_topics)
    ),
    ("leases", "update"): Missing(rejected("update", "leases"), Bench.stays),
}
FEATURES: dict[str, Says] = {getattr(each.feature, "__name__", ""): each.feature for each in MISSING.values()}


def apply_resources(bench: OperatorBench) -> dict[str, str]:
    """Apply a resource, one that reads its schema from a ConfigMap, and one that is deleted with its topic.

    Return their topics.
    """
    source = {"type": "JSON", "schemaFrom": {"configMapKeyRef": {"name": "schemas", "key": "order"}}}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "schemas"}, "data": {"order": SCHEMA_1}}
    resources = (
        event_topic(name=PLAIN),
        event_topic(name=READER, valueSchema=source),
        event_topic(name=DELETED, deletionPolicy="Delete"),
    )
    bench.kubectl.apply(config_map, *resources)
    return {each["metadata"]["name"]: each["spec"]["topicName"] for each in resources}


def role_without(resource: str, verb: str) -> dict[str, Any]:
    role: dict[str, Any] = deepcopy(ROLE)
    for rule in role["rules"]:
        if rule["resources"] == [resource] and verb in rule["verbs"]:
            rule["verbs"].remove(verb)
    role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
    return role


def test_the_role_names_no_wildcard_and_no_secret() -> None:
    for rule in ROLE["rules"]:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert not {"secrets", "customresourcedefinitions", "namespaces"} & set(rule["resources"])


def test_every_right_has_its_test() -> None:
    assert set(RIGHTS) == MISSING.keys()


def test_with_all_rights_every_feature_is_there(bench: OperatorBench) -> None:
    topics = apply_resources(bench)
    with bench.operator() as operator:
        each = Bench(bench, operator, topics)
        for name, feature in FEATURES.items():
            eventually(lambda: feature(each), name)  # noqa: B023 it is called before the next

        assert not each.log_says("cannot")


@pytest.mark.parametrize("right", RIGHTS, ids=[f"{verb} {resource}" for resource, verb in RIGHTS])
def test_without_the_right_the_rejection_is_reported_and_a_feature_is_missing(
    bench: OperatorBench, right: tuple[str, str]
) -> None:
    missing = MISSING[right]
    bench.kubectl.apply(role_without(*right))
    topics = apply_resources(bench)
    operator = bench.start()
    try:
        each = Bench(bench, operator, topics)
        eventually(lambda: missing.reported(each), "the rejection reported")
        for works in missing.works:
            eventually(lambda: works(each), "what does not need the right works")  # noqa: B023 called before the next

        eventually(lambda: not missing.feature(each), "the feature missing", 10)
    finally:
        operator.process.terminate(30)


def test_a_right_that_is_granted_later_is_used(bench: OperatorBench) -> None:
    bench.kubectl.apply(role_without("eventtopics", "watch"))
    operator = bench.start()
    try:
        eventually(lambda: "cannot watch" in operator.get("/readyz").text, "the reason on /readyz")
        bench.kubectl.apply(ROLE)
        operator.wait_until_ready()

        bench.settled(bench.apply(event_topic()))
    finally:
        assert operator.process.terminate(30) == 0
