"""Deletes what a resource with `deletionPolicy: Delete` leaves behind, before Kubernetes lets go of it.

The finalizer is only there while the policy asks for it: with Retain, nothing ever holds a namespace back.
"""

import time
from typing import Literal

import structlog

from event_topics.failures import Failure
from heartzone_operator.cluster import Cluster
from heartzone_operator.conditions import Verdict, status_with
from heartzone_operator.events import Event
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.resources import FINALIZER, Resource, resource_of
from heartzone_operator.writing import Writer, now_text

_LATER_S = 30.0  # a person must change something first, which nothing tells of

log = structlog.get_logger(__name__)


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

    async def prepare(self, resource: Resource) -> bool:
        """Put the finalizer in place, or take it away; whether the resource is then as it was.

        Raises KubernetesUnavailable, KubernetesError.
        """
        if resource.deletes_topic == resource.has_finalizer:
            return True
        await self._set_finalizer(resource, wanted=resource.deletes_topic)
        return False  # the change makes it due again, as a resource that has the finalizer

    async def carry_out(self, resource: Resource, *, is_keeper: bool) -> None:
        """Delete topic and subjects if they are the resource's to delete, and let Kubernetes go on.

        Raises KubernetesUnavailable, KubernetesError.
        """
        if resource.deletes_topic and is_keeper:
            failure = await self._cluster.delete_topic(resource.topic)
            half: Literal["topic", "schema"] = "topic"
            if failure is None:
                half, failure = "schema", await self._delete_subjects(resource)
            if failure is not None:
                await self._wait(resource, half, failure)
                return
            self._writer.tell(
                resource, Event("Normal", "Deleted", f"Deleted the topic {resource.topic} and its subjects.")
            )
        await self._set_finalizer(resource, wanted=False)
        self._metrics.reconciled("deleted")

    async def _delete_subjects(self, resource: Resource) -> Failure | None:
        written = (resource.status.value_schema, resource.status.key_schema)
        subjects = {each.subject for each in written if each is not None} | {
            f"{resource.topic}-{kind}" for kind in ("value", "key") if resource.spec.get(f"{kind}Schema")
        }
        for subject in sorted(subjects):
            if failure := await self._cluster.delete_subject(subject):
                return failure
        return None

    async def _wait(self, resource: Resource, half: Literal["topic", "schema"], failure: Failure) -> None:
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
                waiting if half == "topic" else gone,
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
