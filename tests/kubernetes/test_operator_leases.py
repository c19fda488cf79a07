"""Leases belong to the operator's ServiceAccount, with which Kubernetes removes them; one removed is made anew."""

import yaml

from heartzone_testing.checkout import RBAC
from heartzone_testing.operators.bench import ACCOUNT, OperatorBench
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl

LEADER, SCOPE = "heartzone-operator", "heartzone-operator-scope"


def owners(kubectl: Kubectl) -> dict[str, list[str]]:
    """The uids of each lease's owners."""
    return {
        each["metadata"]["name"]: [owner["uid"] for owner in each["metadata"].get("ownerReferences", [])]
        for each in kubectl.get("leases")["items"]
    }


def test_leases_belong_to_the_account_in_its_own_namespace_and_are_created_anew_when_they_are_removed(
    bench: OperatorBench, kubernetes: Cluster
) -> None:
    account = bench.kubectl.get("serviceaccount", ACCOUNT)["metadata"]["uid"]
    _, role, binding = yaml.safe_load_all(RBAC.read_text())
    binding["subjects"][0]["namespace"] = bench.namespace
    with kubernetes.new_namespace("shared") as shared:
        elsewhere = kubernetes.kubectl.within(shared)
        elsewhere.apply(role, binding)
        with bench.operator({"HEARTZONE_WATCH_NAMESPACES": f"{bench.namespace},{shared}"}) as operator:
            assert owners(bench.kubectl) == {LEADER: [account], SCOPE: [account]}
            assert owners(elsewhere) == {SCOPE: []}

            bench.kubectl("delete", "lease", LEADER, SCOPE)

            eventually(lambda: owners(bench.kubectl) == {LEADER: [account], SCOPE: [account]}, "both anew")
            assert operator.process.poll() is None
