"""NetworkPolicies evaluated: which pod may open a connection to which, by the rules alone.

By the API's own definition: policies that select a pod add up; without one, everything is allowed; a connection takes
the egress of one side and the ingress of the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """A pod, or, without a namespace, something outside of the cluster."""

    name: str
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "192.0.2.1"


def reaches(policies: Sequence[Manifest], source: Peer, target: Peer, port: int | str, protocol: str = "TCP") -> bool:
    """Whether `source` may open a connection to this port of `target`."""
    return _allows(policies, source, target, port, protocol, direction="Egress") and _allows(
        policies, target, source, port, protocol, direction="Ingress"
    )


def _allows(
    policies: Sequence[Manifest], pod: Peer, other: Peer, port: int | str, protocol: str, *, direction: str
) -> bool:
    selecting = [policy for policy in policies if selects(policy, pod) and direction in policy["spec"]["policyTypes"]]
    if not selecting:
        return True
    side = "to" if direction == "Egress" else "from"
    return any(
        _names_port(rule, port, protocol) and _names_peer(rule.get(side), other, policy["metadata"]["namespace"])
        for policy in selecting
        for rule in policy["spec"].get(direction.lower(), [])
    )


def selects(policy: Manifest, pod: Peer) -> bool:
    """Whether a policy is for this pod."""
    return pod.namespace == policy["metadata"]["namespace"] and _matches(policy["spec"]["podSelector"], pod.labels)


def _names_port(rule: Manifest, port: int | str, protocol: str) -> bool:
    ports = rule.get("ports")
    # No list is all ports. Names are not resolved: a name is that port only which is asked for by it.
    return not ports or any(each["port"] == port and each.get("protocol", "TCP") == protocol for each in ports)


def _names_peer(peers: Sequence[Manifest] | None, other: Peer, namespace: str) -> bool:
    return not peers or any(is_peer(peer, other, namespace) for peer in peers)


def is_peer(peer: Manifest, other: Peer, namespace: str) -> bool:
    """Whether an item of `from` or `to`, in a policy of this namespace, means the other side."""
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        address = ip_address(other.address)
        excepted = any(address in ip_network(each) for each in block.get("except", []))
        return address in ip_network(block["cidr"]) and not excepted
    if other.namespace is None:
        return False
    if "namespaceSelector" in peer:
        in_namespace = _matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": other.namespace})
    else:
        in_namespace = other.namespace == namespace
    return in_namespace and _matches(peer.get("podSelector", {}), other.labels)


def _matches(selector: Manifest, labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}, f"{selector} is more than this evaluator reads"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
