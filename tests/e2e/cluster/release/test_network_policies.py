"""The product with API keys and NetworkPolicies in force: its pods reach nothing that the chart does not name."""

import json
import secrets
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.release.release import Release, name_of
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import UnexpectedResponseError
from heartzone_testing.traffic.load import Traffic
from kubernetes_node.networking.policy_engine import policies_in_force
from kubernetes_node.nodes.node import Node

PYTHON = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=4)"
PROBE = """
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: probe
      image: {image}
      command: [sleep, "3600"]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""
API_KEY = secrets.token_urlsafe()
KEYS = """
apiVersion: v1
kind: Secret
metadata: {{name: api-keys}}
stringData:
  api-key: {key}
  api-keys: |
    phones  sha256:{hash}
    tablets  sha256:{other}
"""
TOPIC = "eventtopic/heartzone-raw-biometrics-imported"
PROBES = ("prometheus", "neighbour")  # no policy names the second one

# Who reaches whom. What somebody may not reach is there: somebody else does reach it.
TABLE = """
from         dns  kafka  mtls  registry  apiserver  producer  metrics
producer     yes  yes    no    yes       no         no        no
zone-worker  yes  yes    no    yes       no         no        no
operator     yes  yes    no    yes       yes        no        no
prometheus   yes  yes    yes   yes       yes        yes       yes
neighbour    yes  yes    yes   yes       yes        yes       no
"""
_, *TARGETS = TABLE.split("\n")[1].split()
WANTED = {row[0]: dict(zip(TARGETS, row[1:], strict=True)) for row in map(str.split, TABLE.strip().splitlines()[1:])}


@pytest.fixture(scope="module")
def guarded(
    node: Node, release: Release, kafka_cluster: KafkaCluster, request: pytest.FixtureRequest
) -> Iterator[Release]:
    """The release with pods that have never known anything but its policies, and the probes beside it."""

    def in_kafka_s_namespace(**labels: str) -> list[dict[str, Any]]:
        namespace = {"matchLabels": {"kubernetes.io/metadata.name": kafka_cluster.namespace}}
        return [{"namespaceSelector": namespace, "podSelector": {"matchLabels": labels}}]

    release.kubectl.apply(
        KEYS.format(key=API_KEY, hash=sha256(API_KEY.encode()).hexdigest(), other=sha256(b"another key").hexdigest())
    )
    values = {
        "networkPolicy": {
            "apiServer": {"ports": [api_server(node)[1]]},  # any port, on a node of our own
            "kafka": {"to": in_kafka_s_namespace(app="heartzone-kafka")},
            "schemaRegistry": {"to": in_kafka_s_namespace(**{"app.kubernetes.io/name": "heartzone-registry"})},
            "monitoring": {"from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]},
        },
        **{each: {"podAnnotations": {"example.org/guarded": "true"}} for each in ("zoneWorker", "operator")},
        "producer": {
            "podAnnotations": {"example.org/guarded": "true"},
            "auth": {"methods": ["apiKeys"], "apiKeys": {"existingSecret": "api-keys"}},
        },
        "test": {"apiKey": {"existingSecret": "api-keys"}},
    }
    release.kubectl.apply(*(PROBE.format(name=name, image=node.busybox) for name in PROBES))
    release.kubectl("wait", "--for=condition=Ready", *(f"pod/{name}" for name in PROBES), "--timeout=60s", timeout=70)
    try:
        if node.enforces_network_policies:
            release.deploy(values)
            yield release
        elif request.config.getoption("--node-directory") is None:
            pytest.skip("On this cluster nothing enforces NetworkPolicies.")
        else:
            with policies_in_force(node.cluster.kubectl):
                release.deploy(values)
                yield release
    finally:
        release.kubectl("delete", "pod", *PROBES, "--wait=false")


def api_server(node: Node) -> tuple[str, int]:
    """Where it is behind its Service: policies see that."""
    [found] = node.cluster.kubectl.get("endpointslices", "--namespace=default")["items"]
    return found["endpoints"][0]["addresses"][0], found["ports"][0]["port"]


def addresses(node: Node, release: Release, kafka_cluster: KafkaCluster) -> dict[str, tuple[str, int]]:
    """The targets, by the addresses of pods."""

    def pod(kubectl: Any, selector: str) -> str:
        address: str = kubectl.get("pods", f"--selector={selector}")["items"][0]["status"]["podIP"]
        return address

    dns = node.cluster.kubectl.get("endpoints", "kube-dns", "--namespace=kube-system")["subsets"][0]
    [dns_port] = {port["port"] for port in dns["ports"] if port["protocol"] == "TCP" and "dns" in port["name"]}
    kafka = pod(kafka_cluster.kubectl, "app=heartzone-kafka")
    producer = release.pods("producer")[0]["status"]["podIP"]
    return {
        "dns": (dns["addresses"][0]["ip"], dns_port),
        "kafka": (kafka, 9093),
        "mtls": (kafka, 9094),
        "registry": (pod(kafka_cluster.kubectl, "app.kubernetes.io/name=heartzone-registry"), 8080),
        "apiserver": api_server(node),
        "producer": (producer, 8080),
        "metrics": (producer, 9090),
    }


def connects(release: Release, source: str, address: tuple[str, int]) -> bool:
    host, port = address
    if source in PROBES:
        command = ["exec", source, "--", "sh", "-c", f"nc -w 4 {host} {port} < /dev/null"]
    else:
        pod = name_of(release.pods(source)[-1])
        command = ["exec", pod, "--", "/app/.venv/bin/python", "-c", PYTHON, host, str(port)]
    return release.kubectl.run(*command).returncode == 0


def test_it_becomes_ready_and_readings_come_out_as_zones(guarded: Release, auditor: Auditor) -> None:
    guarded.await_reachable()
    with Traffic(guarded.url(), api_key=API_KEY) as traffic:
        traffic.await_more(50)

    assert auditor.discrepancies(traffic.accepted) == []


def test_who_has_no_key_stores_nothing(guarded: Release) -> None:
    guarded.await_reachable()

    with (
        pytest.raises(UnexpectedResponseError, match=r"^401 .*/problems/unauthenticated"),
        Traffic(guarded.url()) as traffic,
    ):
        traffic.await_more(1)


def test_the_operator_follows_changes(guarded: Release) -> None:
    guarded.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "eventtopic", "--all", timeout=70)

    for retention in ("604800001", None):  # None removes it again
        change = json.dumps({"spec": {"config": {"retention.ms": retention}}})
        guarded.kubectl("patch", TOPIC, "--type=merge", f"--patch={change}")
        generation = guarded.kubectl("get", TOPIC, "--output=jsonpath={.metadata.generation}")
        seen = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
        guarded.kubectl("wait", TOPIC, seen, "--timeout=60s", timeout=70)


def test_helm_test_passes_and_prints_what_it_saw_once(guarded: Release) -> None:
    said = guarded.helm("test", guarded.name, "--logs")

    assert said.count("and its zone 3 is in HeartRateZoneReached") == 1


def test_nobody_reaches_more_than_the_chart_names(guarded: Release, node: Node, kafka_cluster: KafkaCluster) -> None:
    targets = addresses(node, guarded, kafka_cluster)

    found = {
        source: {name: "yes" if connects(guarded, source, targets[name]) else "no" for name in TARGETS}
        for source in WANTED
    }

    assert found == WANTED
