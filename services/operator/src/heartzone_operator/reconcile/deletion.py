"""Deletion of topics and subjects for resources with `deletionPolicy: Delete`, before their finalizer is removed.

Only of what the resource has made or adopted, as the ledger says: the topic of that id, and the subjects of its name.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from event_topics.model import Failure, ObservedTopic
from heartzone_operator.cluster.cluster import Cluster
from heartzone_operator.kubernetes.finalizers import Finalizers
from heartzone_operator.kubernetes.ledger import Ledger
from heartzone_operator.kubernetes.status_writer import StatusWriter, now_text
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.conditions import Verdict, status_with
from heartzone_operator.model.events import Event
from heartzone_operator.model.index import Index
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.model.resource import Key, Resource
from heartzone_operator.model.work import Outcome

_RETRY_INTERVAL = 30.0  # seconds after a failure that needs a person, whose change the watch does not report


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """Failure that keeps a resource from being released, and its half."""

    half: Literal["topic", "schema"]
    failure: Failure


class Deletion:
    """Deletes what resources leave behind, and releases them."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        index: Index,
        ledger: Ledger,
        writer: StatusWriter,
        finalizers: Finalizers,
        metrics: OperatorMetrics,
    ) -> None:
        self._cluster = cluster
        self._index = index
        self._ledger = ledger
        self._writer = writer
        self._finalizers = finalizers
        self._metrics = metrics

    async def delete(self, resources: Sequence[tuple[Resource, bool]]) -> None:
        """Delete the topics, then the subjects, of those with True, and release all.

        All of them together: one request for the topics. Raises ApiServerUnavailableError.
        """
        with_topic = [resource for resource, deletes_topic in resources if deletes_topic]
        observed = await self._cluster.observe_topics([each.topic for each in with_topic])
        own = {each.key: each for each in with_topic if self._is_own(each, observed.get(each.topic))}
        obstacles = await self._delete(list(own.values()), observed)
        await self._ledger.record({each.topic: None for each in own.values() if each.key not in obstacles})
        await self._writer.run_all(
            (resource, self._finish(resource, obstacles.get(resource.key), self._outcome(resource, own, observed)))
            for resource, _ in resources
        )

    @staticmethod
    def _outcome(
        resource: Resource, own: Collection[Key], observed: Mapping[str, ObservedTopic | Failure]
    ) -> Event | None:
        if resource.key in own:
            return Event("Normal", "Deleted", f"Deleted the topic {resource.topic} and its subjects.")
        if isinstance(observed.get(resource.topic), ObservedTopic):
            message = f"The topic {resource.topic} stays: this resource has neither made nor adopted it."
            return Event("Warning", "TopicKept", message)
        return None

    def _is_own(self, resource: Resource, topic: ObservedTopic | Failure | None) -> bool:
        claim = self._ledger.get(resource.topic)
        if claim is None or not claim.is_of(resource.key):
            return False
        return not isinstance(topic, ObservedTopic) or claim.covers(topic)

    async def _delete(
        self, resources: Sequence[Resource], observed: Mapping[str, ObservedTopic | Failure]
    ) -> dict[Key, _Obstacle]:
        topics: dict[str, Failure | None] = {
            each.topic: found if isinstance(found := observed.get(each.topic), Failure) else None for each in resources
        }
        topics |= await self._cluster.delete_topics([name for name, failure in topics.items() if failure is None])
        subjects = {each.key: self._subjects(each) for each in resources if topics[each.topic] is None}
        failures = await self._cluster.delete_subjects(sorted(set[str]().union(*subjects.values())))
        obstacles: dict[Key, _Obstacle] = {}
        for each in resources:
            if failure := topics[each.topic]:
                obstacles[each.key] = _Obstacle("topic", failure)
            elif of_subjects := [failure for name in sorted(subjects[each.key]) if (failure := failures[name])]:
                obstacles[each.key] = _Obstacle("schema", of_subjects[0])
        return obstacles

    def _subjects(self, resource: Resource) -> set[str]:
        claim = self._ledger.get(resource.topic)
        return {f"{resource.topic}-{kind}" for kind in (claim.schemas if claim else ())}

    async def _finish(self, resource: Resource, obstacle: _Obstacle | None, outcome: Event | None) -> None:
        if obstacle is not None:
            await self._postpone(resource, obstacle)
            return
        if outcome is not None:
            self._writer.record(resource, outcome)
        await self._finalizers.release(resource)
        self._metrics.reconciled(Outcome.DELETED)

    async def _postpone(self, resource: Resource, obstacle: _Obstacle) -> None:
        failure = obstacle.failure
        waiting = Verdict(failure.reason, f"Waits to be deleted, as deletionPolicy asks: {failure.message}")
        deleted = Verdict(ConditionReason.DELETED, f"The topic {resource.topic} is deleted.")
        await self._writer.write(
            resource,
            status_with(
                resource.status,
                waiting if obstacle.half == "topic" else deleted,
                waiting,
                generation=resource.generation,
                topic_name=resource.topic,
                now=now_text(),
            ),
        )
        now = time.monotonic()
        when = max(now, self._cluster.retry_at()) if failure.transient else now + _RETRY_INTERVAL
        self._index.due_at(resource.key, when)
        self._metrics.reconciled(Outcome.WAITING if failure.transient else Outcome.REFUSED)
