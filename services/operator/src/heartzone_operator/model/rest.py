"""Resources at rest: nothing that they are judged by differs from when nothing was left to do for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from event_topics.model import DesiredTopic, Observed, ObservedSubject, ObservedTopic
from heartzone_operator.model.claims import Claim
from heartzone_operator.model.work import Work

_Topic = tuple[str, int, int, Mapping[str, str]]
_Subject = tuple[str | None, int | None, tuple[int, int, str] | None]


@dataclass(frozen=True, slots=True)
class _Rest:
    resource_version: int
    desired: DesiredTopic
    claim: Claim | None
    topic: _Topic
    subjects: tuple[_Subject | None, ...]


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
        return known.topic == topic and known.subjects == subjects

    def judged(self, work: Work, observed: Observed, claim: Claim | None) -> None:
        """Note the result; the resource is at rest if nothing was done, and nothing failed."""
        self._resting.pop(work.resource.uid, None)
        if work.planned or any(work.failures.values()):
            return
        topic, subjects = _state(work, observed)
        if topic is not None and None not in subjects:
            rest = _Rest(work.resource.resource_version, work.desired, claim, topic, subjects)
            self._resting[work.resource.uid] = rest

    def keep_only(self, uids: Collection[str]) -> None:
        """Forget other resources."""
        for uid in self._resting.keys() - set(uids):
            del self._resting[uid]


def _state(work: Work, observed: Observed) -> tuple[_Topic | None, tuple[_Subject | None, ...]]:
    """Return what plans and statuses depend on, of a topic and subjects that could be observed."""
    topic = observed.topics.get(work.desired.topic)
    subjects = (observed.subjects.get(name) for _, name, _ in work.desired.schemas())
    return (
        (topic.topic_id, topic.partitions, topic.replicas, topic.config) if isinstance(topic, ObservedTopic) else None,
        tuple(_version(each) if isinstance(each, ObservedSubject) else None for each in subjects),
    )


def _version(subject: ObservedSubject) -> _Subject:
    latest = subject.latest
    version = (latest.id, latest.version, latest.type) if latest is not None else None
    return subject.compatibility, subject.desired_version, version
