"""Deletes what a resource with `deletionPolicy: Delete` leaves behind, before Kubernetes lets go of it.

The finalizer is only there while the policy asks for it: with Retain, nothing ever holds a namespace back.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from event_topics.failures import Failure
from heartzone_operator.cluster import Cluster
from heartzone_operator.conditions import Verdict, status_with
from heartzone_operator.events import Event
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.resources import FINALIZER, Key, Resource, resource_of
from heartzone_operator.writing import Writer, now_text

_LATER_S = 30.0  # a person must change something first, which nothing tells of


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """Why a resource cannot go yet, and which half of it that is about."""

    half: Literal["topic", "schema"]
    failure: Failure


class Deletion:
    """Keeps the finalizer in step with the policy, and carries the policy out."""

    def __init__(
        self, *, api: KubernetesApi, cluster: Cluster, fleet: Fleet, writer: Writer, metrics: OperatorMetrics
    ) -> None:
        self._api = api
        self._cluster = cluster
        self._fleet = fleet
        self._writer = writer
        self._metrics = metrics

    async def prepare(self, resources: Sequence[Resource]) -> dict[Key, KubernetesError]:
        """Put the finalizer in place, or take it away; return why the API server did not take it.

        The change makes a resource due again, as one whose finalizer is right. Raises KubernetesUnavailable.
        """
        return await self._writer.each(
            (each, self._set_finalizer(each, wanted=each.deletes_topic)) for each in resources
        )

    async def carry_out(self, resources: Sequence[tuple[Resource, bool]]) -> None:
        """Delete the topics, then the subjects, of those with True, and let Kubernetes go on with all.

        All of them together: one request for the topics. Raises KubernetesUnavailable.
        """
        owed = [resource for resource, takes_topic in resources if takes_topic]
        obstacles = await self._delete(owed) if owed else {}
        await self._writer.each(
            (resource, self._finish(resource, obstacles.get(resource.key), takes_topic=takes_topic))
            for resource, takes_topic in resources
        )

    async def _delete(self, resources: Sequence[Resource]) -> dict[Key, _Obstacle]:
        topics = await self._cluster.delete_topics([each.topic for each in resources])
        subjects = {each.key: _subjects(each) for each in resources if topics[each.topic] is None}
        answers = await self._cluster.delete_subjects(sorted(set().union(*subjects.values())))
        obstacles: dict[Key, _Obstacle] = {}
        for each in resources:
            if failure := topics[each.topic]:
                obstacles[each.key] = _Obstacle("topic", failure)
            elif failures := [failure for name in sorted(subjects[each.key]) if (failure := answers[name])]:
                obstacles[each.key] = _Obstacle("schema", failures[0])
        return obstacles

    async def _finish(self, resource: Resource, obstacle: _Obstacle | None, *, takes_topic: bool) -> None:
        if obstacle is not None:
            await self._wait(resource, obstacle)
            return
        if takes_topic:
            self._writer.tell(
                resource, Event("Normal", "Deleted", f"Deleted the topic {resource.topic} and its subjects.")
            )
        await self._set_finalizer(resource, wanted=False)
        self._metrics.reconciled("deleted")

    async def _wait(self, resource: Resource, obstacle: _Obstacle) -> None:
        failure = obstacle.failure
        waiting = Verdict(
            "Unknown" if failure.transient else "False",
            failure.reason,
            f"Waits to be deleted, which deletionPolicy asks for: {failure.message}",
        )
        gone = Verdict("False", "Deleted", f"The topic {resource.topic} is deleted.")
        await self._writer.write(
            resource,
            status_with(
                resource.status,
                waiting if obstacle.half == "topic" else gone,
                waiting,
                generation=resource.generation,
                topic_name=resource.topic,
                now=now_text(),
            ),
        )
        now = time.monotonic()
        self._fleet.due_at(resource.key, max(now, self._cluster.retry_at()) if failure.transient else now + _LATER_S)
        self._metrics.reconciled("waiting" if failure.transient else "refused")

    async def _set_finalizer(self, resource: Resource, *, wanted: bool) -> None:
        finalizers = [each for each in resource.finalizers if each != FINALIZER] + ([FINALIZER] if wanted else [])
        try:
            answer = await self._api.set_finalizers(resource.key, finalizers, resource.resource_version)
        except KubernetesError as error:
            if error.status not in (404, 409):
                raise
            # Gone, or changed meanwhile, of which the watch tells.
            if error.status == 404:
                self._fleet.gone(resource.key, time.monotonic(), resource.uid)
        else:
            if resource.is_deleting and not finalizers:
                # That was what it waited for; the watch may have told so already.
                self._fleet.gone(resource.key, time.monotonic(), resource.uid)
            else:
                self._fleet.saw(resource_of(answer), time.monotonic())


def _subjects(resource: Resource) -> set[str]:
    """Return those that the resource has, or asks for."""
    written = (resource.status.value_schema, resource.status.key_schema)
    return {each.subject for each in written if each is not None} | {
        f"{resource.topic}-{kind}" for kind in ("value", "key") if resource.spec.get(f"{kind}Schema")
    }
