"""NetworkPolicies allow the connections of one table and no others, by the API's rules, evaluated as rendered."""

from collections.abc import Sequence

import pytest

from heartzone_testing.chart.rendering import HelmTemplate, component_of
from heartzone_testing.checkout import CHART
from kubernetes_node.networking.network_policies import Manifest, Peer, reaches

NAMES = {"app.kubernetes.io/name": "heartzone", "app.kubernetes.io/instance": "heartzone"}


def ours(component: str) -> Peer:
    return Peer(component, "heartzone", {**NAMES, "app.kubernetes.io/component": component})


PEERS = {
    "dns": Peer("dns", "kube-system", {"k8s-app": "kube-dns"}),
    "kafka": Peer("kafka", "kafka", {"strimzi.io/cluster": "heartzone", "strimzi.io/kind": "Kafka"}),
    "registry": Peer("registry", "kafka", {"app": "registry"}),
    "apiserver": Peer("apiserver", address="10.0.0.1"),
    "internet": Peer("internet", address="198.51.100.1"),
    "prometheus": Peer("prometheus", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    "neighbour": Peer("neighbour", "heartzone", {"app": "neighbour"}),
    "gateway": Peer("gateway", "gateways", {"app": "gateway"}),
    **{component: ours(component) for component in ("producer", "zone-worker", "operator", "audit", "test")},
}

# From, to, port, and whether: by default, then with each peer named (ci/narrow-network-values.yaml).
MATRIX = """
producer     dns          53/UDP  yes  yes
producer     dns          53      yes  yes
producer     dns          1053/UDP yes yes
producer     dns          9153    no   no
producer     internet     53/UDP  no   no
producer     kafka        9093    yes  yes
producer     registry     8443    no   yes
producer     registry     443     yes  no
producer     apiserver    6443    no   no
producer     internet     443     yes  no
producer     internet     80      no   no
producer     internet     9093    yes  no
producer     zone-worker  9090    no   no
producer     kafka        9092    no   no

zone-worker  dns          53/UDP  yes  yes
zone-worker  kafka        9093    yes  yes
zone-worker  registry     8443    no   yes
zone-worker  producer     8080    no   no
zone-worker  zone-worker  9090    no   no
zone-worker  apiserver    6443    no   no
zone-worker  internet     443     yes  no

operator     dns          53/UDP  yes  yes
operator     kafka        9093    yes  yes
operator     registry     8443    no   yes
operator     apiserver    6443    yes  yes
operator     apiserver    443     yes  no
operator     internet     6443    yes  no
operator     producer     8080    no   no

audit        dns          53/UDP  yes  yes
audit        kafka        9093    yes  yes
audit        registry     8443    no   yes
audit        apiserver    6443    no   no
audit        producer     8080    no   no

test         dns          53/UDP  yes  yes
test         producer     8080    yes  yes
test         kafka        9093    yes  yes
test         registry     8443    no   no
test         apiserver    6443    no   no
test         internet     443     no   no
test         zone-worker  9090    no   no

internet     producer     8080    yes  yes
gateway      producer     8080    yes  yes
neighbour    producer     8080    yes  yes
internet     producer     9090    no   no
neighbour    producer     9090    yes  no
neighbour    zone-worker  9090    yes  no
prometheus   producer     9090    yes  yes
prometheus   zone-worker  9090    yes  yes
prometheus   operator     9090    yes  yes
prometheus   audit        9090    yes  yes
prometheus   zone-worker  8080    no   no
internet     operator     9090    no   no
neighbour    test         8080    no   no
"""
ROWS = [row.split() for row in MATRIX.splitlines() if row]


@pytest.fixture(scope="module")
def by_default(helm: HelmTemplate) -> Sequence[Manifest]:
    """With the connections of the narrow file, but its peers unnamed."""
    narrow = CHART / "ci" / "narrow-network-values.yaml"
    unnamed = {
        "monitoring": {"from": [{"namespaceSelector": {}}]},
        "kafka": {"to": []},
        "schemaRegistry": {"to": [], "ports": []},
        "apiServer": {"to": [], "ports": [443, 6443]},
        "extraEgress": [],
    }
    return helm(narrow, {"networkPolicy": unnamed}).of_kind("NetworkPolicy")


@pytest.fixture(scope="module")
def narrow(helm: HelmTemplate) -> Sequence[Manifest]:
    return helm(CHART / "ci" / "narrow-network-values.yaml").of_kind("NetworkPolicy")


@pytest.mark.parametrize(
    ("source", "target", "port", "default"), [row[:4] for row in ROWS], ids=[" ".join(row[:3]) for row in ROWS]
)
def test_by_default(by_default: Sequence[Manifest], source: str, target: str, port: str, default: str) -> None:
    assert _answer(by_default, source, target, port) == default


@pytest.mark.parametrize(
    ("source", "target", "port", "named"),
    [[*row[:3], row[4]] for row in ROWS],
    ids=[" ".join(row[:3]) for row in ROWS],
)
def test_with_each_peer_named(narrow: Sequence[Manifest], source: str, target: str, port: str, named: str) -> None:
    assert _answer(narrow, source, target, port) == named


def test_only_the_gateway_reaches_an_api_that_is_behind_one(helm: HelmTemplate) -> None:
    policies = helm(CHART / "ci" / "gateway-values.yaml").of_kind("NetworkPolicy")

    assert _answer(policies, "gateway", "producer", "8080") == "yes"
    assert _answer(policies, "test", "producer", "8080") == "yes"
    assert _answer(policies, "neighbour", "producer", "8080") == "no"
    assert _answer(policies, "internet", "producer", "8080") == "no"


def test_further_egress_is_everybody_s(narrow: Sequence[Manifest]) -> None:
    cache = Peer("node-local DNS", address="169.254.20.10")

    for component in ("producer", "zone-worker", "operator", "audit", "test"):
        assert reaches(narrow, PEERS[component], cache, 53, "UDP")


def test_ports_follow_the_addresses(helm: HelmTemplate) -> None:
    policies = helm(CHART / "ci" / "public-values.yaml").of_kind("NetworkPolicy")

    assert _answer(policies, "producer", "kafka", "9092") == "yes"
    assert [_answer(policies, "producer", "registry", port) for port in ("8081", "8082", "443")] == ["yes", "yes", "no"]


def test_a_pod_of_the_release_that_no_policy_names_is_cut_off(by_default: Sequence[Manifest]) -> None:
    stranger = ours("stranger")

    assert not any(reaches(by_default, stranger, peer, 443) for peer in PEERS.values())
    assert not any(reaches(by_default, peer, stranger, 8080) for peer in PEERS.values())


def test_every_component_has_its_policy(helm: HelmTemplate) -> None:
    rendered = helm(CHART / "ci" / "minimal-values.yaml")
    named = {
        policy["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        for policy in rendered.of_kind("NetworkPolicy")
    }

    assert named == {None, *(component for component, _ in rendered.pod_templates())}
    assert {component_of(each) for each in rendered.of_kind("Service")} <= named


def _answer(policies: Sequence[Manifest], source: str, target: str, port: str) -> str:
    number, _, protocol = port.partition("/")
    return "yes" if reaches(policies, PEERS[source], PEERS[target], int(number), protocol or "TCP") else "no"
