"""Statuses of the resources of a batch that are not reconciled: unserved, paused, in conflict, invalid."""

from collections.abc import Iterable
from contextlib import suppress

from event_topics.model import EventTopicStatus, FailureReason
from heartzone_operator.kubernetes.api import RequestRejectedError
from heartzone_operator.kubernetes.status_writer import StatusWriter, now_text
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.conditions import PAUSED, Verdict, paused, status_with, without_topic
from heartzone_operator.model.events import Event
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.model.resource import Resource
from heartzone_operator.model.work import Outcome


class SetAside:
    """Writes through `writer`. Each method raises ApiServerUnavailableError."""

    def __init__(self, *, writer: StatusWriter, metrics: OperatorMetrics) -> None:
        self._writer = writer
        self._metrics = metrics

    async def unserved(self, pairs: Iterable[tuple[Resource, str]]) -> None:
        """Report for each why its namespace cannot be listed, where the API server lets it be reported at all."""
        await self._writer.run_all((each, self._unserved(each, problem)) for each, problem in pairs)

    async def paused(self, resources: Iterable[Resource]) -> None:
        """Report it in a condition beside those that they have."""
        await self._writer.run_all((each, self._paused(each)) for each in resources)

    async def conflicting(self, pairs: Iterable[tuple[Resource, Resource]]) -> None:
        """Report for each which older resource owns its topic."""
        await self._writer.run_all((each, self._conflicting(each, owner)) for each, owner in pairs)

    async def not_adopted(self, verdicts: Iterable[tuple[Resource, Verdict]]) -> None:
        """Report for each whose topic it is; that topic's state is none of its status."""
        await self._writer.run_all((each, self._not_adopted(each, verdict)) for each, verdict in verdicts)

    async def invalid(self, verdicts: Iterable[tuple[Resource, Verdict]]) -> None:
        """Report what is wrong with each."""
        await self._writer.run_all((each, self._invalid(each, verdict)) for each, verdict in verdicts)

    async def _unserved(self, resource: Resource, problem: str) -> None:
        message = f"The EventTopics of this namespace cannot be listed: {problem}."
        # Its own log line and readiness tell it too, and a further one for each resource would drown them.
        with suppress(RequestRejectedError):
            await self._write(resource, Verdict(ConditionReason.NAMESPACE_UNREADABLE, message), resource.status)
        self._metrics.reconciled(Outcome.WAITING)

    async def _conflicting(self, resource: Resource, owner: Resource) -> None:
        message = (
            f"The topic {resource.topic!r} belongs to the older EventTopic {owner.key}; remove one of the "
            "two, or describe another topic in a new resource."
        )
        verdict = Verdict(FailureReason.RESOURCE_CONFLICT, message)
        # The topic's state belongs into the status of the owner.
        await self._write(resource, verdict, without_topic(resource.status))
        self._metrics.reconciled(Outcome.REFUSED)

    async def _not_adopted(self, resource: Resource, verdict: Verdict) -> None:
        await self._write(resource, verdict, without_topic(resource.status))
        self._metrics.reconciled(Outcome.REFUSED)

    async def _invalid(self, resource: Resource, verdict: Verdict) -> None:
        await self._write(resource, verdict, resource.status)
        self._metrics.reconciled(Outcome.REFUSED)

    async def _paused(self, resource: Resource) -> None:
        self._metrics.reconciled(Outcome.PAUSED)
        status = paused(resource.status, generation=resource.generation, topic_name=resource.topic, now=now_text())
        if status != resource.status:
            self._writer.record(resource, Event("Normal", PAUSED.reason, PAUSED.message))
            await self._writer.write(resource, status)

    async def _write(self, resource: Resource, verdict: Verdict, former: EventTopicStatus) -> None:
        status = status_with(
            former,
            verdict,
            verdict,
            generation=resource.generation,
            topic_name=resource.topic,
            now=now_text(),
        )
        await self._writer.write(resource, status)
