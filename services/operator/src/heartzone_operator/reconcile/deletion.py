"""Deletion of topics and subjects for resources with `deletionPolicy: Delete`, before their finalizer is removed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from event_topics.model import Failure
from heartzone_operator.cluster.cluster import Cluster
from heartzone_operator.kubernetes.finalizers import Finalizers
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
        writer: StatusWriter,
        finalizers: Finalizers,
        metrics: OperatorMetrics,
    ) -> None:
        self._cluster = cluster
        self._index = index
        self._writer = writer
        self._finalizers = finalizers
        self._metrics = metrics

    async def delete(self, resources: Sequence[tuple[Resource, bool]]) -> None:
        """Delete the topics, then the subjects, of those with True, and release all.

        All of them together: one request for the topics. Raises ApiServerUnavailableError.
        """
        with_topic = [resource for resource, deletes_topic in resources if deletes_topic]
        obstacles = await self._delete(with_topic) if with_topic else {}
        await self._writer.run_all(
            (resource, self._finish(resource, obstacles.get(resource.key), deletes_topic=deletes_topic))
            for resource, deletes_topic in resources
        )

    async def _delete(self, resources: Sequence[Resource]) -> dict[Key, _Obstacle]:
        topics = await self._cluster.delete_topics([each.topic for each in resources])
        subjects = {each.key: _subjects(each) for each in resources if topics[each.topic] is None}
        failures = await self._cluster.delete_subjects(sorted(set().union(*subjects.values())))
        obstacles: dict[Key, _Obstacle] = {}
        for each in resources:
            if failure := topics[each.topic]:
                obstacles[each.key] = _Obstacle("topic", failure)
            elif of_subjects := [failure for name in sorted(subjects[each.key]) if (failure := failures[name])]:
                obstacles[each.key] = _Obstacle("schema", of_subjects[0])
        return obstacles

    async def _finish(self, resource: Resource, obstacle: _Obstacle | None, *, deletes_topic: bool) -> None:
        if obstacle is not None:
            await self._postpone(resource, obstacle)
            return
        if deletes_topic:
            event = Event("Normal", "Deleted", f"Deleted the topic {resource.topic} and its subjects.")
            self._writer.record(resource, event)
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


def _subjects(resource: Resource) -> set[str]:
    """Return the subjects that the resource has, or desires."""
    written = (resource.status.value_schema, resource.status.key_schema)
    return {each.subject for each in written if each is not None} | {
        f"{resource.topic}-{kind}" for kind in ("value", "key") if resource.spec.get(f"{kind}Schema")
    }
