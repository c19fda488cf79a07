"""Operators with leases of their own: of what both would serve, each resource is left to one, which the other names."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import yaml

from heartzone_operator.model.label_selector import LabelSelector
from heartzone_testing.checkout import RBAC
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.by_hand import Topic, fresh_name, topic_of
from heartzone_testing.operators.event_topics import ADOPT, event_topic
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.cluster import Cluster


@pytest.fixture
def shared(bench: OperatorBench, kubernetes: Cluster) -> Iterator[str]:
    """A namespace that the bench's account may serve, too."""
    _, role, binding = yaml.safe_load_all(RBAC.read_text())
    binding["subjects"][0]["namespace"] = bench.namespace
    with kubernetes.new_namespace("shared") as namespace:
        kubernetes.kubectl.within(namespace).apply(role, binding)
        yield namespace


def test_of_two_releases_whose_namespaces_overlap_one_serves_each_resource_and_the_other_names_it(
    bench: OperatorBench, kubernetes: Cluster, shared: str
) -> None:
    topic = fresh_name()
    ours = event_topic(topic, name="ours", annotations=ADOPT, config={"retention.ms": "1000"})
    theirs = event_topic(topic, name="theirs", annotations=ADOPT, config={"retention.ms": "2000"})
    bench.kubectl.apply(ours)
    created = bench.kubectl.get("eventtopic", "ours")["metadata"]["creationTimestamp"]
    # Of two that are created in the same second, neither is the older one.
    eventually(lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") > created, "another second")
    kubernetes.kubectl.within(shared).apply(theirs)
    first = {"HEARTZONE_WATCH_NAMESPACES": shared, "HEARTZONE_LEASE_NAMESPACE": shared}
    second = {"HEARTZONE_WATCH_NAMESPACES": f"{bench.namespace},{shared}", "HEARTZONE_IDENTITY": "second"}

    with bench.operator(first) as one:
        bench.settled("theirs", namespace=shared)
        with bench.operator(second) as other:
            bench.settled("ours", "False", reason="ResourceConflict")
            assert f"that of the lease {shared}/heartzone-operator" in other.get("/readyz").text
            assert other.get("/readyz").status == 200
            assert topic_of(bench.topic(topic)) == Topic(1, {"retention.ms": "2000"})
            assert "another operator" not in one.get("/readyz").text

            one.process.terminate(30)
            eventually(lambda: "another operator" not in other.get("/readyz").text, "nothing is left to it")
            bench.settled("ours")
            bench.settled("theirs", "False", reason="ResourceConflict", namespace=shared)

    assert topic_of(bench.topic(topic)) == Topic(1, {"retention.ms": "1000"})


def test_operators_of_other_labels_share_a_namespace(bench: OperatorBench) -> None:
    _, role, _ = yaml.safe_load_all(RBAC.read_text())
    suffix = LabelSelector("cluster in (gold)").suffix
    for rule in role["rules"]:
        names = rule.get("resourceNames", [])
        rule["resourceNames"] = [
            re.sub("^(heartzone-operator(-scope|-topics)?)", rf"\1{suffix}", each) for each in names
        ]
    bench.kubectl.apply(role)
    labelled = event_topic(name="labelled")
    labelled["metadata"]["labels"] = {"cluster": "gold"}
    with bench.operator({"HEARTZONE_LABEL_SELECTOR": "cluster in (gold)"}):
        bench.apply(labelled)
        bench.settled("labelled")
        other = event_topic(name="other")
        bench.apply(other)
        bench.kubectl("label", "et", "labelled", "cluster-")
        bench.kubectl("label", "et", "labelled", "cluster=gold")
        bench.kubectl("patch", "et", "labelled", "--type=merge", '--patch={"spec":{"partitions":2}}')

        assert bench.settled("labelled")["partitions"] == 2
        assert bench.status("other") == {}
