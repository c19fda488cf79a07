"""Work on one resource within a batch: its desired state, the actions applied, and the failures."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum

from event_topics.model import Action, DesiredTopic, Failure, FailureReason, Half
from heartzone_operator.model.resource import Resource

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
    LEFT = "left"
    """Another operator serves it."""
    PAUSED = "paused"
    """An annotation excludes it."""


@dataclass(slots=True)
class Work:
    """`planned` are the actions, `applied` those that succeeded, `failures` why others did not, or were not tried."""

    resource: Resource
    desired: DesiredTopic
    failures: defaultdict[Half, list[Failure]] = field(default_factory=lambda: defaultdict(list))
    planned: list[Action] = field(default_factory=list)
    applied: list[Action] = field(default_factory=list)

    @property
    def is_topic_in_doubt(self) -> bool:
        """Return whether an action on the topic may be carried out, though it failed."""
        return any(
            failure.transient or failure.reason is FailureReason.TOPIC_FAILED for failure in self.failures["topic"]
        )

    @property
    def digest(self) -> bytes:
        """Digest of the desired state, the same for two works that desire the same."""
        desired = replace(
            self.desired,
            managed_config=frozenset(),
            managed_levels=frozenset(),
            config=dict(sorted(self.desired.config.items())),
        )
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
