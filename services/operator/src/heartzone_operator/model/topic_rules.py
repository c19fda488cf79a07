"""Rules about topics that the operator's settings make: which may be adopted, and which namespace may name which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heartzone_operator.model.conditions import Verdict
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.model.resource import Resource


@dataclass(frozen=True, slots=True)
class TopicRules:
    """`adoptable`: names, or prefixes that end in `*`. `prefixes` by namespace; one that is not named has no rule."""

    adoptable: Sequence[str] = ()
    prefixes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def adopts(self, resource: Resource) -> bool:
        """Return whether the resource's topic may be one that exists already."""
        return resource.adopts or any(
            resource.topic.startswith(each[:-1]) if each.endswith("*") else resource.topic == each
            for each in self.adoptable
        )

    def objection(self, resource: Resource) -> Verdict | None:
        """Return why a resource of its namespace may not name the topic."""
        allowed = self.prefixes.get(resource.key.namespace)
        if allowed is None or resource.topic.startswith(tuple(allowed)):
            return None
        return Verdict(
            ConditionReason.TOPIC_NOT_ALLOWED,
            f"The topic {resource.topic!r} does not start with what topics of the namespace {resource.key.namespace} "
            f"start with: {' or '.join(allowed)}; describe one that does in a new resource.",
        )
