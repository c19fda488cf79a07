"""One batch of resources, from what is due to its statuses: observes the cluster, plans, applies.

Resources of one batch cost one observation and one round of requests together. Pure decisions are elsewhere: which
resources are reconciled in `model.triage`, the steps in `event_topics`, the conditions in `model.conditions`.
"""

import time
from collections.abc import Collection, Sequence

from event_topics.model import (
    Blocked,
    CreateTopic,
    FailureReason,
    Observed,
    Plan,
    Unknown,
    plan,
)
from heartzone_operator.cluster.cluster import Cluster
from heartzone_operator.kubernetes.census import Census
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.kubernetes.finalizers import Finalizers
from heartzone_operator.kubernetes.ledger import Ledger
from heartzone_operator.kubernetes.status_writer import StatusWriter, now_text
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.claims import after_applying, before_applying
from heartzone_operator.model.conditions import Verdict, status_of
from heartzone_operator.model.events import event_of
from heartzone_operator.model.index import Index
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.model.resource import Resource
from heartzone_operator.model.scope import Scope
from heartzone_operator.model.topic_rules import TopicRules
from heartzone_operator.model.triage import triage
from heartzone_operator.model.work import Outcome, Work
from heartzone_operator.reconcile.candidates import Candidates
from heartzone_operator.reconcile.deletion import Deletion
from heartzone_operator.reconcile.set_aside import SetAside

# Another observation resolves these: brokers respond from a copy of the metadata that follows the controller's shortly.
_RACES = frozenset({FailureReason.TOPIC_ALREADY_EXISTS, FailureReason.TOPIC_NOT_FOUND})
_RACE_RETRY_INTERVAL = 1.0  # seconds
_OWN_FAILURE_RETRY_INTERVAL = 30.0  # seconds, while Kafka or the registry fails on a resource and serves others


class Batches:
    """Reconciles batches, one at a time."""

    def __init__(
        self,
        *,
        index: Index,
        scope: Scope,
        cluster: Cluster,
        config_maps: ConfigMapCache,
        writer: StatusWriter,
        finalizers: Finalizers,
        ledger: Ledger,
        census: Census,
        rules: TopicRules,
        metrics: OperatorMetrics,
        progress: Progress,
    ) -> None:
        self._index = index
        self._scope = scope
        self._cluster = cluster
        self._config_maps = config_maps
        self._writer = writer
        self._finalizers = finalizers
        self._set_aside = SetAside(writer=writer, metrics=metrics)
        self._ledger = ledger
        self._candidates = Candidates(
            index=index,
            config_maps=config_maps,
            ledger=ledger,
            census=census,
            rules=rules,
            set_aside=self._set_aside,
            metrics=metrics,
        )
        self._deletion = Deletion(
            cluster=cluster, index=index, ledger=ledger, writer=writer, finalizers=finalizers, metrics=metrics
        )
        self._metrics = metrics
        self._progress = progress
        self._settled: dict[str, bytes] = {}

    async def reconcile(self, resources: Sequence[Resource], *, full: bool) -> None:
        """Make topics and schemas what these resources desire, and write the result into their statuses.

        Not in full: a quick check decides which subjects are observed. Raises ApiServerUnavailableError.
        """
        found = triage(resources, self._index, self._scope)
        for _ in found.left:
            self._metrics.reconciled(Outcome.LEFT)
        await self._set_aside.unserved(found.unserved)
        await self._set_aside.paused(found.paused)
        await self._set_aside.conflicting(found.conflicting)
        await self._deletion.delete(found.deleting)
        for each in (*found.ready, *found.wrong_finalizer):
            self._index.note_owner(each)
        rejected = await self._finalizers.follow_policy(found.wrong_finalizer)
        await self._set_aside.invalid(
            (
                each,
                Verdict(
                    ConditionReason.FINALIZER_REFUSED, f"{rejected[each.key]}; deletionPolicy needs the finalizer."
                ),
            )
            for each in found.wrong_finalizer
            if each.key in rejected
        )
        await self._reconcile_ready(found.ready, full=full)

    async def report_fault(self, resource: Resource) -> None:
        """Write into the status that the operator itself failed. Raises ApiServerUnavailableError."""
        message = "The operator failed on this by a fault of its own; the line reconcile_failed of its log has details."
        await self._set_aside.invalid([(resource, Verdict(ConditionReason.INTERNAL_ERROR, message))])

    def forget_all_but(self, resources: Collection[Resource]) -> None:
        """Keep the last results of these resources, and the ConfigMaps that they name, only."""
        self._config_maps.keep_only(self._index.config_maps())
        present = {each.uid for each in resources}
        self._candidates.keep_only(present)
        self._cluster.keep_only({each.topic for each in resources})
        self._settled = {uid: digest for uid, digest in self._settled.items() if uid in present}

    async def _reconcile_ready(self, resources: Sequence[Resource], *, full: bool) -> None:
        works = await self._candidates.works(resources)
        if not works:
            return
        observed = await self._cluster.observe([work.desired for work in works.values()], full=full)
        self._progress.step()
        works = await self._candidates.owned(self._candidates.restless(works, observed), observed)
        planned = plan([work.desired for work in works.values()], observed)
        if not full and any(isinstance(each, CreateTopic) for each in planned.actions):
            works = await self._candidates.present(works)
            planned = plan([work.desired for work in works.values()], observed)
        not_planned: list[Blocked | Unknown] = [*planned.blocked, *planned.unknown]
        for step in not_planned:
            works[step.resource].failures[step.half].append(step.failure)
        for action in planned.actions:
            works[action.resource].planned.append(action)
        former = {work.desired.topic: self._ledger.get(work.desired.topic) for work in works.values()}
        claims = {
            name: claim
            for name, work in works.items()
            if (claim := before_applying(work, observed.topics.get(work.desired.topic), former[work.desired.topic]))
        }
        await self._ledger.record({works[name].desired.topic: claim for name, claim in claims.items()})
        if planned.actions:
            observed = await self._apply(planned, works, observed)
        after = {
            works[name].desired.topic: after_applying(
                works[name], observed.topics.get(works[name].desired.topic), claim, former[works[name].desired.topic]
            )
            for name, claim in claims.items()
        }
        await self._ledger.record(after)
        await self._writer.run_all((work.resource, self._finish(work, observed)) for work in works.values())

    async def _apply(self, planned: Plan, works: dict[str, Work], observed: Observed) -> Observed:
        """Apply the plan; return what was observed, with a new observation of what was changed."""
        actions = planned.actions
        for action, failure in await self._cluster.apply(actions):
            work = works[action.resource]
            if failure is None:
                work.applied.append(action)
            else:
                work.failures[action.half].append(failure)
        self._progress.step()
        touched = [works[name].desired for name in dict.fromkeys(action.resource for action in actions)]
        again = await self._cluster.observe(touched, full=True)
        self._progress.step()
        subjects = {subject for each in touched for _, subject, _ in each.schemas()}
        topics = {each.topic for each in touched}
        return Observed(
            topics={key: each for key, each in observed.topics.items() if key not in topics} | dict(again.topics),
            subjects={key: each for key, each in observed.subjects.items() if key not in subjects}
            | dict(again.subjects),
        )

    async def _finish(self, work: Work, observed: Observed) -> None:
        resource = work.resource
        if any(failure.reason in _RACES for failure in work.failures["topic"]):
            self._index.due_at(resource.key, time.monotonic() + _RACE_RETRY_INTERVAL)
            return
        is_drift = work.is_drift(settled=self._settled.get(resource.uid))
        event = event_of(work.applied, is_drift=is_drift, had_topic=resource.status.topic_id is not None)
        if event is not None:
            self._writer.record(resource, event)
        await self._writer.write(
            resource,
            status_of(
                resource.status,
                work.desired,
                observed,
                work.failures,
                generation=resource.generation,
                managed_config=claim.config if (claim := self._ledger.get(resource.topic)) else frozenset(),
                now=now_text(),
            ),
        )
        if work.is_waiting:
            self._index.due_at(resource.key, self._cluster.retry_at())
        elif work.is_tried_again:
            self._index.due_at(resource.key, time.monotonic() + _OWN_FAILURE_RETRY_INTERVAL)
        if not any(work.failures.values()):
            self._settled[resource.uid] = work.digest
        self._candidates.judged(work, observed)
        self._metrics.reconciled(work.outcome)
