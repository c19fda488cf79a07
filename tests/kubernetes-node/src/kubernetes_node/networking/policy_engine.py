"""NetworkPolicies in force on a node of our own, whose bridge knows none: as rules of its firewall.

Connections from pods are checked once they have their final target, behind Services, and before delivery. As with
network plugins, what is established stays, and the node itself (the kubelet's probes, the tests) is let through. A pod
that the engine has not seen yet reaches nothing.
"""

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kubernetes_node.control_plane.kubectl import Kubectl
from kubernetes_node.networking.network import PODS
from kubernetes_node.networking.network_policies import Peer, is_peer, selects

Manifest = Mapping[str, Any]

CHAIN, KNOWN = "POLICIES", "POLICIES-PODS"
HOOKS = ("FORWARD", "INPUT")  # to pods, and to the node
SIDES = {"Egress": ("to", "-d"), "Ingress": ("from", "-s")}
REJECT = "-j REJECT --reject-with icmp-admin-prohibited"
POLL_INTERVAL_S = 0.3


@contextmanager
def policies_in_force(kubectl: Kubectl) -> Iterator[None]:
    """Have every NetworkPolicy of the cluster, and those to come, in force while the block lasts."""
    ended = threading.Event()
    former = _observed_rules(kubectl)
    _restore(former)
    for hook in HOOKS:
        _iptables("-I", hook, "-j", CHAIN)

    def follow() -> None:
        latest = former
        while not ended.wait(POLL_INTERVAL_S):
            rules = _observed_rules(kubectl)
            if rules != latest:
                _restore(rules)
                latest = rules

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for hook in HOOKS:
            _iptables("-D", hook, "-j", CHAIN)


def firewall_rules(objects: Sequence[Manifest]) -> str:
    """The input of `iptables-restore` for these Pods and NetworkPolicies."""
    policies = [each for each in objects if each["kind"] == "NetworkPolicy"]
    pods = [_peer(each) for each in objects if each["kind"] == "Pod" and _has_address_of_its_own(each)]
    chains, rules = [CHAIN, KNOWN], [f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"]
    rules.append(f"-A {CHAIN} -s {PODS} -j {KNOWN}")
    for pod in pods:
        rules.append(f"-A {KNOWN} -s {pod.address} -j RETURN")
        for direction, whose in (("Egress", "-s"), ("Ingress", "-d")):
            selecting = [each for each in policies if selects(each, pod) and direction in each["spec"]["policyTypes"]]
            if selecting:
                chain = f"{direction.upper()}-{pod.address}"
                chains.append(chain)
                rules.append(f"-A {CHAIN} {whose} {pod.address} -j {chain}")
                rules += [f"-A {chain} {match} -j RETURN" for match in _allowed(selecting, pods, direction)]
                rules.append(f"-A {chain} {REJECT}")
    rules.append(f"-A {KNOWN} {REJECT}")
    return "\n".join(["*filter", *(f":{chain} - [0:0]" for chain in chains), *rules, "COMMIT", ""])


def _allowed(policies: Sequence[Manifest], pods: Sequence[Peer], direction: str) -> Iterator[str]:
    """Which packets the policies let pass, a match for each other side and port."""
    side, option = SIDES[direction]
    for policy in policies:
        for rule in policy["spec"].get(direction.lower(), []):
            for address in _addresses(rule.get(side), pods, policy["metadata"]["namespace"]):
                where = f"{option} {address}" if address else ""
                for port in rule.get("ports") or [None]:
                    yield f"{where} {_port(port)}".strip()


def _addresses(peers: Sequence[Manifest] | None, pods: Sequence[Peer], namespace: str) -> Iterator[str]:
    """Addresses and networks; an empty one is any."""
    if not peers:
        yield ""
    for peer in peers or []:
        if "ipBlock" in peer:
            assert peer["ipBlock"].keys() == {"cidr"}, "the chart has no exceptions"
            yield peer["ipBlock"]["cidr"]
        else:
            yield from (pod.address for pod in pods if is_peer(peer, pod, namespace))


def _port(port: Manifest | None) -> str:
    return "" if port is None else f"-p {port.get('protocol', 'TCP').lower()} --dport {int(port['port'])}"


def _has_address_of_its_own(pod: Manifest) -> bool:
    ended = pod["status"].get("phase") in ("Succeeded", "Failed")
    return bool(pod["status"].get("podIP")) and not pod["spec"].get("hostNetwork") and not ended


def _peer(pod: Manifest) -> Peer:
    metadata = pod["metadata"]
    return Peer(metadata["name"], metadata["namespace"], metadata.get("labels", {}), pod["status"]["podIP"])


def _observed_rules(kubectl: Kubectl) -> str:
    return firewall_rules(kubectl.get("pods,networkpolicies", "--all-namespaces")["items"])


def _restore(rules: str) -> None:
    subprocess.run(["iptables-restore", "--wait", "--noflush"], input=rules, text=True, check=True)


def _iptables(*arguments: str) -> None:
    subprocess.run(["iptables", "--wait", *arguments], check=True)
