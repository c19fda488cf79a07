"""Resources at rest: nothing that they are judged by differs from when nothing was left to do for them."""

from collections.abc import Collection
from dataclasses import dataclass

from event_topics.model import DesiredTopic, Failure, Observed, ObservedSubject, ObservedTopic
from heartzone_operator.model.claims import Claim
from heartzone_operator.model.work import Work


@dataclass(frozen=True, slots=True)
class _Rest:
    resource_version: int
    desired: DesiredTopic
    claim: Claim | None
    topic: ObservedTopic
    subjects: tuple[ObservedSubject, ...]


class Rest:
    """Remembers what the resources at rest were judged by, by their uids."""

    def __init__(self) -> None:
        self._resting: dict[str, _Rest] = {}

    def includes(self, work: Work, observed: Observed, claim: Claim | None) -> bool:
        """Return whether there is nothing to do for the resource, as there was nothing before."""
        known = self._resting.get(work.resource.uid)
        if known is None or known.desired is not work.desired or known.claim is not claim:
            return False
        if known.resource_version != work.resource.resource_version:
            return False
        topic, subjects = _state(work, observed)
        return isinstance(topic, ObservedTopic) and _same(topic, known.topic) and subjects == known.subjects

    def judged(self, work: Work, observed: Observed, claim: Claim | None) -> None:
        """Note the result; the resource is at rest if nothing was done, and nothing failed."""
        self._resting.pop(work.resource.uid, None)
        if work.planned or any(work.failures.values()):
            return
        topic, subjects = _state(work, observed)
        found = tuple(each for each in subjects if isinstance(each, ObservedSubject))
        if isinstance(topic, ObservedTopic) and len(found) == len(subjects):
            self._resting[work.resource.uid] = _Rest(work.resource.resource_version, work.desired, claim, topic, found)

    def keep_only(self, uids: Collection[str]) -> None:
        """Forget other resources."""
        for uid in self._resting.keys() - set(uids):
            del self._resting[uid]


def _state(
    work: Work, observed: Observed
) -> tuple[ObservedTopic | Failure | None, tuple[ObservedSubject | Failure | None, ...]]:
    subjects = tuple(observed.subjects.get(name) for _, name, _ in work.desired.schemas())
    return observed.topics.get(work.desired.topic), subjects


def _same(one: ObservedTopic, other: ObservedTopic) -> bool:
    """Whatever the topics inherit, which no plan depends on."""
    return (one.topic_id, one.partitions, one.replicas, one.config) == (
        other.topic_id,
        other.partitions,
        other.replicas,
        other.config,
    )
