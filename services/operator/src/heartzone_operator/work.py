"""One resource on its way through a batch: what it asks for, what was done, what went wrong. No I/O."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace

from event_topics.failures import Failure
from event_topics.plan import Action, AlterConfig, CreateTopic
from event_topics.state import DesiredTopic, Half
from heartzone_operator.metrics import Outcome
from heartzone_operator.resources import Resource


@dataclass(slots=True)
class Work:
    """`done` are the actions that succeeded, `failures` why others did not, or were not tried."""

    resource: Resource
    desired: DesiredTopic
    failures: defaultdict[Half, list[Failure]] = field(default_factory=lambda: defaultdict(list))
    done: list[Action] = field(default_factory=list)

    @property
    def managed_config(self) -> frozenset[str]:
        """The keys that the resource has set on the topic and that are there still."""
        managed = set(self.resource.status.managed_config)
        for action in self.done:
            if isinstance(action, CreateTopic):
                managed |= action.config.keys()
            elif isinstance(action, AlterConfig):
                managed |= {change.key for change in action.changes}
        if any(failure.transient or failure.reason == "InvalidConfig" for failure in self.failures["topic"]):
            return frozenset(managed)  # whether those that left the spec have gone from the topic is not known
        return frozenset(managed & self.desired.config.keys())

    @property
    def digest(self) -> bytes:
        """The same for two works that ask for the same."""
        asked = replace(self.desired, managed_config=frozenset(), config=dict(sorted(self.desired.config.items())))
        return hashlib.sha256(repr(asked).encode()).digest()

    def is_drift(self, *, settled: bytes | None) -> bool:
        """Whether what was done puts right what somebody else has changed, rather than follows a new wish.

        `settled` is the digest of the wish that was last seen fulfilled, None when that was before this process began:
        the status then tells.
        """
        former = self.resource.status
        ready = former.condition("Ready")
        if former.observed_generation != self.resource.generation or ready is None:
            return False
        return settled == self.digest or (settled is None and ready.status == "True")

    @property
    def is_waiting(self) -> bool:
        """Whether a side was away."""
        return any(failure.transient for half in self.failures.values() for failure in half)

    @property
    def outcome(self) -> Outcome:
        """What metrics count it as."""
        if self.is_waiting:
            return "waiting"
        if any(self.failures.values()):
            return "refused"
        return "applied" if self.done else "unchanged"
