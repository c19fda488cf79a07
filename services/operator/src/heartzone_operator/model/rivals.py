"""Rivals: other operators that serve some of the same resources, which are left to whichever came first.

Each operator holds a scope lease in each namespace that it serves, and one in its own when it serves all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from event_topics.model import GROUP
from heartzone_operator.model.label_selector import LabelSelector
from heartzone_operator.model.resource import Resource

SCOPE = f"{GROUP}/scope"
"""Label of a scope lease: `namespace`, or `all`."""
SELECTOR = f"{GROUP}/label-selector"
"""Annotation of a scope lease with the operator's label selector."""


@dataclass(frozen=True, slots=True)
class ScopeLease:
    """A scope lease that is held. `namespace` None: its holder serves all."""

    name: str
    namespace: str | None
    holder: str
    acquired: str
    selector: LabelSelector = field(compare=False)

    def came_before(self, other: "ScopeLease") -> bool:
        """Return whether the holder serves what both would; those that name their namespaces come first."""
        return self._seniority() < other._seniority()

    def _seniority(self) -> tuple[bool, str, str]:
        return self.namespace is None, self.acquired, self.name


def scope_lease_of(lease: Mapping[str, Any]) -> ScopeLease:
    """Parse a lease of the API server that has the label SCOPE."""
    metadata, spec = lease["metadata"], lease.get("spec") or {}
    try:
        selector = LabelSelector((metadata.get("annotations") or {}).get(SELECTOR, ""))
    except ValueError:  # of a later version of the operator: whatever it selects
        selector = LabelSelector("")
    return ScopeLease(
        name=metadata["name"],
        namespace=None if metadata["labels"][SCOPE] == "all" else metadata["namespace"],
        holder=spec.get("holderIdentity") or "",
        acquired=spec.get("acquireTime") or "",
        selector=selector,
    )


class Rivals:
    """The scope leases of others that came first. Read from other threads."""

    def __init__(self) -> None:
        self._leases: dict[str | None, tuple[ScopeLease, ...]] = {}
        self._unseen: dict[str, str] = {}

    def unseen(self, namespace: str, reason: str | None) -> bool:
        """Note why others cannot be seen in a namespace, None when they can; return whether it is news."""
        is_new = (namespace in self._unseen) is (reason is None)
        if reason is None:
            self._unseen.pop(namespace, None)
        else:
            self._unseen[namespace] = reason
        return is_new

    def found(self, scope: str | None, leases: Iterable[ScopeLease]) -> bool:
        """Note those of a scope (a namespace that is served, None for all); return whether they are news."""
        former, self._leases[scope] = self._leases.get(scope, ()), tuple(sorted(leases, key=str))
        return former != self._leases[scope]

    def of(self, resource: Resource) -> ScopeLease | None:
        """Return the lease of the operator that the resource is left to; None when there is none."""
        for leases in self._leases.values():
            for each in leases:
                if each.namespace in (None, resource.key.namespace) and each.selector.matches(resource.labels):
                    return each
        return None

    def have(self, resource: Resource) -> bool:
        """Return whether the resource is left to another operator."""
        return self.of(resource) is not None

    @property
    def problems(self) -> tuple[str, ...]:
        """What is left to whom, and where that is unknown, as sentences."""
        left = [problem_of(each) for leases in list(self._leases.values()) for each in leases]
        unseen = [
            f"Whether another operator serves {namespace} is unknown: {reason}."
            for namespace, reason in list(self._unseen.items())
        ]
        return (*left, *unseen)


def problem_of(lease: ScopeLease) -> str:
    """Say in a sentence what is left to the lease's holder."""
    where = f"of the namespace {lease.namespace}" if lease.namespace else "of all namespaces"
    which = f" with {lease.selector.text}" if lease.selector.text else ""
    return f"The EventTopics {where}{which} are served by another operator, that of the lease {lease.holder}."
