"""The cluster that the other tests of this folder stand on does what those of production do."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.kubectl import Kubectl, KubectlError
from kubernetes_node.nodes.node import Node

LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SERVE = "mkdir /tmp/www && hostname > /tmp/www/index.html && echo serving && exec httpd -f -p 8080 -h /tmp/www"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
GET_40_RESPONSES = """
i=0; while [ $i -lt 40 ]; do wget -q -O - http://web.$NAMESPACE.svc.cluster.local && i=$((i+1)); done 2> /dev/null
"""
WEB = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
}


def pod_spec(node: Node, script: str, **container: Any) -> dict[str, Any]:
    command = {"image": node.busybox, "command": ["sh", "-c", script], "securityContext": LOCKED_DOWN}
    writable = {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}
    return {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", **command, **writable, **container}],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def once(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"restartPolicy": "Never", **spec}}


def web_servers(node: Node, **container: Any) -> dict[str, Any]:
    probe = {"readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(node, SERVE, **probe, **container)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


def run_to_its_end(kubectl: Kubectl, pod: Mapping[str, Any]) -> str:
    """Run a pod and return what it wrote, however it ended."""
    kubectl.apply(pod)
    name = pod["metadata"]["name"]

    def has_ended() -> bool:
        return kubectl.get("pod", name)["status"].get("phase") in ("Succeeded", "Failed")

    eventually(has_ended, f"pod {name} to end")
    return kubectl("logs", name)


def roll_out(kubectl: Kubectl, *manifests: Mapping[str, Any]) -> list[str]:
    """Apply, wait, and return the names of the pods behind the Service."""
    kubectl.apply(*manifests)
    kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
    slices = kubectl.get("endpointslices", "--selector=kubernetes.io/service-name=web")["items"]
    endpoints = [endpoint for found in slices for endpoint in found["endpoints"] or []]
    return sorted(endpoint["targetRef"]["name"] for endpoint in endpoints if endpoint["conditions"]["ready"])


def test_a_restricted_pod_runs_without_any_rights(node: Node, restricted: Kubectl) -> None:
    output = run_to_its_end(
        restricted, once("rights", pod_spec(node, "id -u; grep -E 'CapEff|Seccomp:' /proc/self/status"))
    )

    assert [line.split()[-1] for line in output.splitlines()] == ["65532", "0000000000000000", "2"]


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        pytest.param({"privileged": True, "allowPrivilegeEscalation": True}, "privileged", id="privileged"),
        pytest.param({"runAsUser": 0, "runAsNonRoot": False}, "runAsNonRoot != true", id="root"),
        pytest.param({"capabilities": {}}, "unrestricted capabilities", id="capabilities"),
    ],
)
def test_a_privileged_pod_is_rejected_where_pods_are_restricted(
    node: Node, restricted: Kubectl, context: dict[str, Any], reason: str
) -> None:
    pod = once("rights", pod_spec(node, "true", securityContext=LOCKED_DOWN | context))

    with pytest.raises(KubectlError, match=f'violates PodSecurity "restricted:latest": .*{reason}'):
        restricted.apply(pod)


def get(url: str) -> str | None:
    """The response, None without one: the nodes' proxies get a new endpoint a moment after it is ready."""
    try:
        return httpx2.get(url, trust_env=False, timeout=2).text.strip()
    except httpx2.TransportError:
        return None


def test_a_service_is_found_by_its_name_and_responds_from_each_of_its_pods(node: Node, restricted: Kubectl) -> None:
    servers = roll_out(restricted, WEB, web_servers(node))
    assert len(servers) == 2

    client = pod_spec(node, GET_40_RESPONSES, env=[{"name": "NAMESPACE", "value": restricted.namespace}])
    responses = run_to_its_end(restricted, once("client", client)).split()

    assert len(responses) == 40
    assert sorted(set(responses)) == servers


def test_a_pod_reaches_itself_through_its_service(node: Node, restricted: Kubectl) -> None:
    [server] = roll_out(restricted, WEB, web_servers(node) | {"spec": web_servers(node)["spec"] | {"replicas": 1}})

    own = ["exec", server, "--", "wget", "-q", "-O", "-", "http://web"]
    eventually(lambda: restricted.run(*own).stdout.strip() == server, "the pod's response to itself")


def test_the_test_itself_reaches_pods_and_services_where_the_node_says_so(node: Node, restricted: Kubectl) -> None:
    servers = roll_out(restricted, WEB, web_servers(node))
    address = restricted("get", "service", "web", "--output=jsonpath={.spec.clusterIP}")

    if node.reaches_pods:
        eventually(lambda: get(f"http://{address}") in servers, "a response of the Service")
        eventually(lambda: get(f"http://web.{restricted.namespace}") in servers, "a response under its name")
    else:
        assert get(f"http://{address}") is None


def test_exec_logs_and_port_forward_reach_into_a_pod(node: Node, restricted: Kubectl) -> None:
    server, _ = roll_out(restricted, WEB, web_servers(node))

    assert restricted("exec", server, "--", "hostname").strip() == server
    assert restricted("logs", server).strip() == "serving"
    forward = [*restricted.argv(), "port-forward", f"pod/{server}", ":8080"]
    with subprocess.Popen(forward, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as forwarding:
        assert forwarding.stdout is not None
        address = forwarding.stdout.readline().removeprefix("Forwarding from ").split(" ", maxsplit=1)[0]
        assert httpx2.get(f"http://{address}", trust_env=False).text.strip() == server
        forwarding.terminate()


def test_a_rollout_replaces_every_pod_and_keeps_the_old_template_for_an_undo(node: Node, restricted: Kubectl) -> None:
    before = roll_out(restricted, WEB, web_servers(node))

    after = roll_out(restricted, WEB, web_servers(node, env=[{"name": "CHANGED", "value": "yes"}]))

    assert len(after) == 2
    assert not set(before) & set(after)
    eventually(lambda: {pod["metadata"]["name"] for pod in _pods(restricted)} == set(after), "the old pods to be gone")
    assert len(restricted.get("replicasets")["items"]) == 2


def test_a_container_that_needs_more_memory_than_its_limit_is_killed(node: Node, restricted: Kubectl) -> None:
    greedy = pod_spec(node, "tail /dev/zero", resources={"limits": {"memory": "20Mi"}})

    run_to_its_end(restricted, once("greedy", greedy))

    [container] = restricted.get("pod", "greedy")["status"]["containerStatuses"]
    assert container["state"]["terminated"]["reason"] == "OOMKilled"


def test_a_pod_is_given_the_token_of_its_service_account(node: Node, restricted: Kubectl) -> None:
    token = run_to_its_end(restricted, once("token", pod_spec(node, f"cat {TOKEN}")))

    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    reviewed = json.loads(restricted("create", "--filename=-", "--output=json", stdin=json.dumps(review)))
    assert reviewed["status"]["user"]["username"] == f"system:serviceaccount:{restricted.namespace}:default"


def test_what_belongs_to_a_removed_owner_is_collected(node: Node, restricted: Kubectl) -> None:
    roll_out(restricted, WEB, web_servers(node))

    restricted("delete", "deployment", "web")

    eventually(lambda: not _pods(restricted) and not restricted.get("replicasets")["items"], "pods and sets to be gone")


def test_a_removed_namespace_takes_its_pods_with_it(node: Node) -> None:
    with node.new_namespace() as name:
        kubectl = node.cluster.kubectl.within(name)
        roll_out(kubectl, WEB, web_servers(node))

    eventually(lambda: node.cluster.kubectl.run("get", "namespace", name).returncode != 0, "the namespace to be gone")


def _pods(kubectl: Kubectl) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = kubectl.get("pods", "--selector=app=web")["items"]
    return pods
