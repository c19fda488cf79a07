"""The one loop: takes what is due, looks at the cluster, plans, acts, and has written what came of it.

Resources that are due together are one batch, and cost one look and one round of requests together. Pure decisions are
elsewhere: who keeps a topic in `fleet`, what to do in `event_topics.plan`, what to say of it in `conditions`.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from event_topics.plan import AlterConfig, CreateTopic, Plan, Refusal, Unknown, plan
from event_topics.resource import API_VERSION, KIND, InvalidEventTopic, parse_event_topic
from event_topics.state import ConfigMaps, Observed, desired_topic
from heartzone_operator.cluster import Cluster
from heartzone_operator.conditions import Verdict, status_of, status_with
from heartzone_operator.config_maps import ConfigMapTexts
from heartzone_operator.deletion import Deletion
from heartzone_operator.events import Event, event_of
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.resources import CONFLICT, Key, Resource
from heartzone_operator.work import Work
from heartzone_operator.writing import Writer, now_text

BATCH = 250
_AGAIN_S = 5.0  # after the API server did not answer
_TICK_S = 5.0
_GATHER_S = 0.1  # what is applied together shall be one batch
# Another look tells what to do: brokers answer from a copy of the metadata that follows the controller's shortly.
_RACED = frozenset({"TopicAlreadyExists", "TopicNotFound"})

log = structlog.get_logger(__name__)


class Reconciler:
    """Runs in kopf's event loop; what blocks runs on threads. `namespaces` None is all of them."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        api: KubernetesApi,
        cluster: Cluster,
        config_maps: ConfigMapTexts,
        writer: Writer,
        deletion: Deletion,
        metrics: OperatorMetrics,
        namespaces: Sequence[str | None],
        resync_interval: float,
    ) -> None:
        self._fleet = fleet
        self._api = api
        self._cluster = cluster
        self._config_maps = config_maps
        self._writer = writer
        self._deletion = deletion
        self._metrics = metrics
        self._namespaces = namespaces
        self._resync_interval = resync_interval
        self._wakeup = asyncio.Event()
        self._stopping = False
        self._settled: dict[Key, bytes] = {}
        self._progress = time.monotonic()

    @property
    def progress_age(self) -> float:
        """Seconds since the loop last moved; read from other threads."""
        return time.monotonic() - self._progress

    def wake(self) -> None:
        """Look at once whether something is due."""
        self._wakeup.set()

    def stop(self) -> None:
        """End after the batch in hand; `run` returns then."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Reconcile until stopped."""
        resync_at = time.monotonic() + self._resync_interval
        while not self._stopping:
            now = self._progress = time.monotonic()
            self._wakeup.clear()
            if now >= resync_at:
                await self._resync()
                resync_at = time.monotonic() + self._resync_interval
            elif due := self._fleet.take_due(now, BATCH):
                await self._attempt(due, thoroughly=True)
            else:
                next_due = self._fleet.next_due()
                await self._sleep(min(resync_at, now + _TICK_S if next_due is None else next_due) - now)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wakeup.wait(), min(max(seconds, 0.0), _TICK_S))
            await asyncio.sleep(_GATHER_S)

    async def _resync(self) -> None:
        """Look at everything, in one batch; first at whether the resources are still there.

        A watch that broke off tells nobody of what was deleted meanwhile, and a topic must not come back for it.
        """
        try:
            present = {
                key: uid
                for namespace in self._namespaces
                for key, (uid, _) in (await self._api.event_topic_versions(namespace)).items()
            }
        except (KubernetesError, KubernetesUnavailable) as error:
            log.warning("resync_put_off", reason=str(error))
            return
        for resource in list(self._fleet.all()):
            if present.get(resource.key) != resource.uid:
                self._fleet.gone(resource.key, time.monotonic(), resource.uid)
        await self._attempt(list(self._fleet.all()), thoroughly=False)

    async def _attempt(self, resources: Sequence[Resource], *, thoroughly: bool) -> None:
        """Reconcile; what the API server gets in the way of is tried again later."""
        self._metrics.batch.observe(len(resources))
        try:
            with self._metrics.duration.time():
                await self._reconcile(resources, thoroughly=thoroughly)
        except (KubernetesError, KubernetesUnavailable) as error:
            log.warning("reconcile_put_off", resources=len(resources), reason=str(error))
            for resource in resources:
                self._fleet.due_at(resource.key, time.monotonic() + _AGAIN_S)
        except Exception:
            if len(resources) == 1:
                log.exception("reconcile_failed", resource=str(resources[0].key))
            else:  # the others shall not suffer for the one
                log.exception("reconcile_failed", resources=len(resources))
                for resource in resources:
                    await self._attempt([resource], thoroughly=True)
        self._metrics.count_resources(self._fleet.all())

    async def _reconcile(self, resources: Sequence[Resource], *, thoroughly: bool) -> None:
        kept = [each for each in resources if await self._is_to_be_made(each)]
        texts = await self._config_maps.read(key for each in kept for key in each.config_maps())
        works = [work for each in kept if (work := await self._work(each, texts)) is not None]
        if not works:
            return
        observed = await self._cluster.observe([work.desired for work in works], thoroughly=thoroughly)
        planned = plan([work.desired for work in works], observed)
        by_name = {work.desired.resource: work for work in works}
        undone: list[Refusal | Unknown] = [*planned.refusals, *planned.unknowns]
        for step in undone:
            by_name[step.resource].failures[step.half].append(step.failure)
        if planned.actions:
            observed = await self._act(planned, by_name, observed)
        await self._writer.each(self._finish(work, observed) for work in works)

    async def _is_to_be_made(self, resource: Resource) -> bool:
        """Whether topic and schemas of the resource are to be looked at; sees to the others."""
        keeper = self._fleet.keeper(resource.topic)
        is_keeper = keeper is not None and keeper.key == resource.key
        if resource.is_paused:
            await self._pause(resource)
            return False
        if resource.is_deleting:
            if resource.has_finalizer:
                await self._deletion.carry_out(resource, is_keeper=is_keeper)
            return False
        if not is_keeper and keeper is not None:
            await self._conflict(resource, keeper)
            return False
        self._fleet.keeps(resource)
        return await self._deletion.prepare(resource)

    async def _work(self, resource: Resource, texts: ConfigMaps) -> Work | None:
        manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": resource.key.name, "namespace": resource.key.namespace},
            "spec": resource.spec,
        }
        try:
            parsed = parse_event_topic(manifest)
        except InvalidEventTopic as error:  # the API server's own check has let it in, perhaps an older one
            await self._refuse(resource, Verdict("False", "InvalidResource", f"{error}; correct it."))
            return None
        managed = frozenset(resource.status.managed_config)
        return Work(resource, desired_topic(parsed, config_maps=texts, managed_config=managed))

    async def _act(self, planned: Plan, by_name: dict[str, Work], observed: Observed) -> Observed:
        """Carry out the plan; return what was observed, with a new look at what was acted upon."""
        intended: dict[str, set[str]] = {}
        for action in planned.actions:
            if isinstance(action, CreateTopic):
                intended.setdefault(action.resource, set()).update(action.config)
            elif isinstance(action, AlterConfig):
                intended.setdefault(action.resource, set()).update(
                    change.key for change in action.changes if change.after is not None
                )
        # Before it is done: who dies in between must still know, once back, that the keys are ours to take back.
        await self._writer.each(
            self._writer.note_managed(by_name[name].resource, keys) for name, keys in intended.items() if keys
        )
        for action, failure in await self._cluster.carry_out(planned):
            work = by_name[action.resource]
            if failure is None:
                work.done.append(action)
            else:
                work.failures[action.half].append(failure)
        touched = [by_name[name].desired for name in dict.fromkeys(action.resource for action in planned.actions)]
        again = await self._cluster.observe(touched, thoroughly=True)
        subjects = {subject for each in touched for _, subject, _ in each.schemas()}
        topics = {each.topic for each in touched}
        return Observed(
            topics={key: each for key, each in observed.topics.items() if key not in topics} | dict(again.topics),
            subjects={key: each for key, each in observed.subjects.items() if key not in subjects}
            | dict(again.subjects),
        )

    async def _finish(self, work: Work, observed: Observed) -> None:
        resource, former = work.resource, work.resource.status
        if any(failure.reason in _RACED for failure in work.failures["topic"]):
            self._fleet.due_at(resource.key, time.monotonic() + 1)
            return
        settled_before = self._settled.get(resource.key)
        is_drift = (
            former.observed_generation == resource.generation and (ready := former.condition("Ready")) is not None
        ) and (settled_before == work.digest or (settled_before is None and ready.status == "True"))
        event = event_of(work.done, is_drift=is_drift, had_topic=former.topic_id is not None)
        if event is not None:
            self._writer.tell(resource, event)
        await self._writer.write(
            resource,
            status_of(
                former,
                work.desired,
                observed,
                work.failures,
                generation=resource.generation,
                managed_config=work.managed_config,
                now=now_text(),
            ),
        )
        if work.is_waiting:
            self._fleet.due_at(resource.key, self._cluster.retry_at())
        if not any(work.failures.values()):
            self._settled[resource.key] = work.digest
        self._metrics.reconciled(work.outcome)

    async def _conflict(self, resource: Resource, keeper: Resource) -> None:
        message = (
            f"The topic {resource.topic!r} belongs to the older EventTopic {keeper.key}; remove one of the "
            "two, or describe another topic in a new resource."
        )
        await self._refuse(resource, Verdict("False", CONFLICT, message))

    async def _refuse(self, resource: Resource, verdict: Verdict) -> None:
        await self._writer.write(
            resource,
            status_with(
                resource.status,
                verdict,
                verdict,
                generation=resource.generation,
                topic_name=resource.topic,
                now=now_text(),
            ),
        )
        self._metrics.reconciled("refused")

    async def _pause(self, resource: Resource) -> None:
        self._metrics.reconciled("paused")
        if resource.status.conditions:
            return  # what was last seen stays; the annotation says that nobody looks now
        verdict = Verdict("Unknown", "Paused", "The annotation heartzone.dev/pause keeps this from being looked at.")
        status = status_with(
            resource.status,
            verdict,
            verdict,
            generation=resource.generation,
            topic_name=resource.topic,
            now=now_text(),
        )
        self._writer.tell(resource, Event("Normal", "Paused", verdict.message))
        await self._writer.write(resource, status)
