"""One namespace or all of them: what an operator serves, and which of two namespaces owns a topic."""

from collections.abc import Iterator

import pytest
import yaml

from heartzone_testing.checkout import RBAC
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl

ROLE = next(each for each in yaml.safe_load_all(RBAC.read_text()) if each["kind"] == "Role")
# Namespaces that sort before and after that of the bench, which is named test-….
ELSEWHERE = pytest.mark.parametrize("prefix", ["an-other", "zoo"], ids=["sorts first", "sorts last"])


@pytest.fixture
def everywhere(bench: OperatorBench, kubernetes: Cluster) -> Iterator[dict[str, str]]:
    """The settings of an operator for all namespaces, and its rights."""
    name = f"heartzone-operator-{bench.namespace}"
    cluster_role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        # Its scope lease is that of all namespaces.
        "rules": [
            rule | ({"resourceNames": ["heartzone-operator-scope-all"]} if "heartzone-operator-scope" in names else {})
            for rule in ROLE["rules"]
            for names in [rule.get("resourceNames", [])]
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "heartzone-operator", "namespace": bench.namespace}],
    }
    kubernetes.kubectl.apply(cluster_role, binding)
    yield {"HEARTZONE_WATCH_NAMESPACES": "*", "HEARTZONE_LEASE_NAMESPACE": bench.namespace}
    kubernetes.kubectl("delete", "clusterrole,clusterrolebinding", name)


def test_a_namespaced_operator_does_not_see_other_namespaces(bench: OperatorBench, kubernetes: Cluster) -> None:
    with kubernetes.new_namespace() as elsewhere, bench.operator() as operator:
        kubernetes.kubectl.within(elsewhere).apply(event_topic(name="foreign"))
        bench.settled(bench.apply(event_topic()))

        assert "status" not in kubernetes.kubectl.within(elsewhere).get("et", "foreign")
        assert "cannot" not in operator.process.log(), "nor does it request what it may not"


def test_a_namespace_whose_rights_are_taken_away_fails_alone_and_is_served_again_when_they_are_back(
    bench: OperatorBench, kubernetes: Cluster
) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "heartzone-operator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ROLE["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": "heartzone-operator", "namespace": bench.namespace}],
    }
    with kubernetes.new_namespace("an-other") as elsewhere:
        other = kubernetes.kubectl.within(elsewhere)
        other.apply(ROLE, binding)
        other.apply(event_topic(name="first"))
        settings = {
            "HEARTZONE_WATCH_NAMESPACES": f"{elsewhere},{bench.namespace}",
            "HEARTZONE_LEASE_NAMESPACE": bench.namespace,
        }
        with bench.operator(settings) as operator:
            bench.settled("first", namespace=elsewhere)
            other("delete", "rolebinding", "heartzone-operator")
            eventually(lambda: "is forbidden" in operator.get("/readyz").text, "the namespace on /readyz")
            assert operator.get("/readyz").status == 200
            drifting = event_topic()
            bench.settled(bench.apply(drifting))
            bench.kafka.delete([drifting["spec"]["topicName"]])
            eventually(lambda: bench.topic(drifting["spec"]["topicName"]) is not None, "the resync goes on")

        with bench.operator(settings):  # a start does not wait for the namespace either
            bench.settled(bench.apply(event_topic()))
            other.apply(event_topic(name="second"))
            other.apply(binding)

            bench.settled("second", namespace=elsewhere)


@ELSEWHERE
def test_a_topic_of_one_namespace_cannot_be_claimed_from_another(
    bench: OperatorBench, kubernetes: Cluster, everywhere: dict[str, str], prefix: str
) -> None:
    kept = event_topic()
    topic = kept["spec"]["topicName"]
    with kubernetes.new_namespace(prefix) as elsewhere, bench.operator(everywhere):
        bench.settled(bench.apply(kept))

        kubernetes.kubectl.within(elsewhere).apply(event_topic(topic, name="thief", schema=SCHEMA_1))

        bench.settled("thief", "False", reason="ResourceConflict", namespace=elsewhere)
        assert bench.versions(topic) == [], "nor are its subjects another team's"
        bench.settled(kept["metadata"]["name"])


@ELSEWHERE
def test_of_two_created_in_the_same_second_the_owner_stays_the_owner_after_a_restart(
    bench: OperatorBench, kubernetes: Cluster, everywhere: dict[str, str], prefix: str
) -> None:
    with kubernetes.new_namespace(prefix) as elsewhere:
        name = created_in_the_same_second(kubernetes.kubectl, bench.namespace, elsewhere)
        with bench.operator():  # it serves one of the two namespaces only
            topic_id = bench.settled(name)["topicId"]

        with bench.operator(everywhere):
            bench.settled("thief", "False", reason="ResourceConflict", namespace=elsewhere)
            assert bench.settled(name)["topicId"] == topic_id


def created_in_the_same_second(kubectl: Kubectl, here: str, elsewhere: str) -> str:
    """Apply a resource here and, for the same topic, `thief` elsewhere, both created in the same second."""
    made: list[str] = []

    def is_so() -> bool:
        kubectl.within(elsewhere)("delete", "et", "thief", "--ignore-not-found")
        kept = event_topic()
        thief = event_topic(kept["spec"]["topicName"], name="thief", schema=SCHEMA_1)
        for resource, namespace in ((kept, here), (thief, elsewhere)):
            resource["metadata"]["namespace"] = namespace
        kubectl.apply(kept, thief)  # by one process: on a busy machine the start of one can take longer than a second
        made.append(kept["metadata"]["name"])
        first, second = kubectl.within(here).get("et", made[-1]), kubectl.within(elsewhere).get("et", "thief")
        return bool(first["metadata"]["creationTimestamp"] == second["metadata"]["creationTimestamp"])

    eventually(is_so, "two resources of the same second")
    return made[-1]
