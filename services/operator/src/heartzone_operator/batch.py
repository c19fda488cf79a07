"""One batch of resources, from what is due to what is written of it: looks at the cluster, plans, acts.

Resources of one batch cost one look and one round of requests together. Pure decisions are elsewhere: who is to be
looked after in `triage`, what to do in `event_topics.plan`, what to say of it in `conditions`.
"""

import time
from collections.abc import Collection, Sequence

from event_topics.plan import Action, AlterConfig, CreateTopic, Plan, Refusal, Unknown, plan
from event_topics.resource import API_VERSION, KIND, InvalidEventTopic, parse_event_topic
from event_topics.state import ConfigMaps, DesiredTopic, Observed, desired_topic
from heartzone_operator.cluster import Cluster
from heartzone_operator.conditions import Verdict, status_of
from heartzone_operator.config_maps import ConfigMapTexts
from heartzone_operator.deletion import Deletion
from heartzone_operator.events import event_of
from heartzone_operator.fleet import Fleet
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.progress import Progress
from heartzone_operator.resources import Key, Resource
from heartzone_operator.set_aside import SetAside
from heartzone_operator.triage import triage
from heartzone_operator.work import Work
from heartzone_operator.writing import Writer, now_text

# Another look tells what to do: brokers answer from a copy of the metadata that follows the controller's shortly.
_RACED = frozenset({"TopicAlreadyExists", "TopicNotFound"})


class Batches:
    """Makes batches what they ask for, one at a time."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        cluster: Cluster,
        config_maps: ConfigMapTexts,
        writer: Writer,
        deletion: Deletion,
        metrics: OperatorMetrics,
        progress: Progress,
    ) -> None:
        self._fleet = fleet
        self._cluster = cluster
        self._config_maps = config_maps
        self._writer = writer
        self._set_aside = SetAside(writer=writer, metrics=metrics)
        self._deletion = deletion
        self._metrics = metrics
        self._progress = progress
        self._settled: dict[str, bytes] = {}

    async def reconcile(self, resources: Sequence[Resource], *, thoroughly: bool) -> None:
        """Make topics and schemas what these resources ask for, and have their status say what came of it.

        Not thoroughly: the registry is asked only as far as something hints at a change. Raises KubernetesUnavailable.
        """
        sorted_out = triage(resources, self._fleet)
        await self._set_aside.pause(sorted_out.paused)
        await self._set_aside.conflict(sorted_out.conflicting)
        await self._deletion.carry_out(sorted_out.deleting)
        for each in (*sorted_out.ready, *sorted_out.wrong_finalizer):
            self._fleet.keeps(each)
        refused = await self._deletion.prepare(sorted_out.wrong_finalizer)
        await self._set_aside.refuse(
            (each, Verdict("False", "FinalizerRefused", f"{refused[each.key]}; deletionPolicy needs the finalizer."))
            for each in sorted_out.wrong_finalizer
            if each.key in refused
        )
        await self._make(sorted_out.ready, thoroughly=thoroughly)

    async def tell_of_fault(self, resource: Resource) -> None:
        """Have written that the operator itself has failed on a resource. Raises KubernetesUnavailable."""
        message = "The operator failed on this by a fault of its own; the line reconcile_failed of its log has more."
        await self._set_aside.refuse([(resource, Verdict("False", "InternalError", message))])

    def forget_all_but(self, resources: Collection[Resource]) -> None:
        """Keep in mind only what these have come to."""
        present = {each.uid for each in resources}
        self._settled = {uid: digest for uid, digest in self._settled.items() if uid in present}

    async def _make(self, resources: Sequence[Resource], *, thoroughly: bool) -> None:
        works = await self._works(resources)
        if not works:
            return
        observed = await self._cluster.observe([work.desired for work in works.values()], thoroughly=thoroughly)
        self._progress.moved()
        planned = plan([work.desired for work in works.values()], observed)
        undone: list[Refusal | Unknown] = [*planned.refusals, *planned.unknowns]
        for step in undone:
            works[step.resource].failures[step.half].append(step.failure)
        if planned.actions:
            observed = await self._act(planned, works, observed)
        await self._writer.each((work.resource, self._finish(work, observed)) for work in works.values())

    async def _works(self, resources: Sequence[Resource]) -> dict[str, Work]:
        """Return by the name that plans have for it what each asks for; have written what is wrong with the others."""
        texts = await self._config_maps.read(key for each in resources for key in each.config_maps())
        works: dict[str, Work] = {}
        invalid: list[tuple[Resource, Verdict]] = []
        for each in resources:
            try:
                desired = _desired(each, texts)
            except InvalidEventTopic as error:  # the API server's own check has let it in, perhaps an older one
                invalid.append((each, Verdict("False", "InvalidResource", f"{error}; correct it.")))
            else:
                works[desired.resource] = Work(each, desired)
        await self._set_aside.refuse(invalid)
        return works

    async def _act(self, planned: Plan, works: dict[str, Work], observed: Observed) -> Observed:
        """Carry out the plan; return what was observed, with a new look at what was acted upon."""
        unnoted = await self._note_managed(planned.actions, works)
        actions = [each for each in planned.actions if works[each.resource].resource.key not in unnoted]
        for action, failure in await self._cluster.carry_out(actions):
            work = works[action.resource]
            if failure is None:
                work.done.append(action)
            else:
                work.failures[action.half].append(failure)
        self._progress.moved()
        touched = [works[name].desired for name in dict.fromkeys(action.resource for action in actions)]
        again = await self._cluster.observe(touched, thoroughly=True)
        self._progress.moved()
        subjects = {subject for each in touched for _, subject, _ in each.schemas()}
        topics = {each.topic for each in touched}
        return Observed(
            topics={key: each for key, each in observed.topics.items() if key not in topics} | dict(again.topics),
            subjects={key: each for key, each in observed.subjects.items() if key not in subjects}
            | dict(again.subjects),
        )

    async def _note_managed(self, actions: Sequence[Action], works: dict[str, Work]) -> Collection[Key]:
        """Note the keys that are about to be set; return the resources of which the API server would not have it.

        Before they are: who dies in between must still know, once back, that the keys are ours to take back.
        """
        intended: dict[str, set[str]] = {}
        for action in actions:
            if isinstance(action, CreateTopic):
                intended.setdefault(action.resource, set()).update(action.config)
            elif isinstance(action, AlterConfig):
                set_keys = {change.key for change in action.changes if change.after is not None}
                intended.setdefault(action.resource, set()).update(set_keys)
        writes = ((works[name].resource, keys) for name, keys in intended.items() if keys)
        return await self._writer.each(
            (resource, self._writer.note_managed(resource, keys)) for resource, keys in writes
        )

    async def _finish(self, work: Work, observed: Observed) -> None:
        resource = work.resource
        if any(failure.reason in _RACED for failure in work.failures["topic"]):
            self._fleet.due_at(resource.key, time.monotonic() + 1)
            return
        is_drift = work.is_drift(settled=self._settled.get(resource.uid))
        event = event_of(work.done, is_drift=is_drift, had_topic=resource.status.topic_id is not None)
        if event is not None:
            self._writer.tell(resource, event)
        await self._writer.write(
            resource,
            status_of(
                resource.status,
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
            self._settled[resource.uid] = work.digest
        self._metrics.reconciled(work.outcome)


def _desired(resource: Resource, texts: ConfigMaps) -> DesiredTopic:
    """Raises InvalidEventTopic."""
    manifest = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": resource.key.name, "namespace": resource.key.namespace},
        "spec": resource.spec,
    }
    managed = frozenset(resource.status.managed_config)
    return desired_topic(parse_event_topic(manifest), config_maps=texts, managed_config=managed)
