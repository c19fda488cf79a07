"""Work on one resource within a batch: its desired state, the actions applied, and the failures."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum

from event_topics.model import Action, AlterConfig, CreateTopic, DesiredTopic, Failure, FailureReason, Half
from heartzone_operator.model.resource import Resource

_UNSETTLED = frozenset({FailureReason.INVALID_CONFIG, FailureReason.TOPIC_FAILED})
_OWN_FAILURES = frozenset({FailureReason.TOPIC_FAILED, FailureReason.SUBJECT_FAILED})


class Outcome(StrEnum):
    """Outcome of reconciling one resource; the values are those of the metric's label `outcome`."""

    UNCHANGED = "unchanged"
    """It was as desired."""
    APPLIED = "applied"
    """It was made as desired."""
    REFUSED = "refused"
    """A person must change something first."""
    WAITING = "waiting"
    """Kafka or the registry was unavailable."""
    DELETED = "deleted"
    """It was released, after its topic where the policy asks for that."""
    PAUSED = "paused"
    """An annotation excludes it."""


@dataclass(slots=True)
class Work:
    """`applied` are the actions that succeeded, `failures` why others did not, or were not tried."""

    resource: Resource
    desired: DesiredTopic
    failures: defaultdict[Half, list[Failure]] = field(default_factory=lambda: defaultdict(list))
    applied: list[Action] = field(default_factory=list)

    @property
    def managed_config(self) -> frozenset[str]:
        """The keys that the resource has set on the topic and that are still set."""
        managed = set(self.resource.status.managed_config)
        for action in self.applied:
            if isinstance(action, CreateTopic):
                managed |= action.config.keys()
            elif isinstance(action, AlterConfig):
                managed |= {change.key for change in action.changes}
        if any(failure.transient or failure.reason in _UNSETTLED for failure in self.failures["topic"]):
            return frozenset(managed)  # it is not known whether those that left the spec were reset on the topic
        return frozenset(managed & self.desired.config.keys())

    @property
    def digest(self) -> bytes:
        """Digest of the desired state, the same for two works that desire the same."""
        desired = replace(self.desired, managed_config=frozenset(), config=dict(sorted(self.desired.config.items())))
        return hashlib.sha256(repr(desired).encode()).digest()

    def is_drift(self, *, settled: bytes | None) -> bool:
        """Return whether the actions revert a change that somebody else made, rather than follow a change of the spec.

        `settled` is the digest of the desired state that was last reached, None when that was before this process
        started: the status then decides.
        """
        former = self.resource.status
        ready = former.condition("Ready")
        if former.observed_generation != self.resource.generation or ready is None:
            return False
        return settled == self.digest or (settled is None and ready.status == "True")

    @property
    def is_waiting(self) -> bool:
        """Return whether Kafka or the registry was unavailable."""
        return any(failure.transient for half in self.failures.values() for failure in half)

    @property
    def is_tried_again(self) -> bool:
        """Return whether Kafka or the registry failed on this resource, and may not the next time."""
        return any(failure.reason in _OWN_FAILURES for half in self.failures.values() for failure in half)

    @property
    def outcome(self) -> Outcome:
        """Outcome that metrics count."""
        if self.is_waiting:
            return Outcome.WAITING
        if any(self.failures.values()):
            return Outcome.REFUSED
        return Outcome.APPLIED if self.applied else Outcome.UNCHANGED
