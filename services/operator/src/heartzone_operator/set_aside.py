"""Has written of the resources that are not looked after why they are not: paused, in conflict, not valid."""

from collections.abc import Iterable

from event_topics.status import EventTopicStatus
from heartzone_operator.conditions import Verdict, status_with, without_topic
from heartzone_operator.events import Event
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.resources import CONFLICT, Resource
from heartzone_operator.writing import Writer, now_text

PAUSED = Verdict("Unknown", "Paused", "The annotation heartzone.dev/pause keeps this from being looked at.")


class SetAside:
    """Writes through `writer`. Each method raises KubernetesUnavailable."""

    def __init__(self, *, writer: Writer, metrics: OperatorMetrics) -> None:
        self._writer = writer
        self._metrics = metrics

    async def pause(self, resources: Iterable[Resource]) -> None:
        """Say so of those that have no condition yet: of the others, what was last seen stays."""
        await self._writer.each((each, self._pause(each)) for each in resources)

    async def conflict(self, pairs: Iterable[tuple[Resource, Resource]]) -> None:
        """Say of each which older resource keeps its topic."""
        await self._writer.each((each, self._conflict(each, keeper)) for each, keeper in pairs)

    async def refuse(self, verdicts: Iterable[tuple[Resource, Verdict]]) -> None:
        """Say what is wrong with each."""
        await self._writer.each((each, self._refuse(each, verdict)) for each, verdict in verdicts)

    async def _conflict(self, resource: Resource, keeper: Resource) -> None:
        message = (
            f"The topic {resource.topic!r} belongs to the older EventTopic {keeper.key}; remove one of the "
            "two, or describe another topic in a new resource."
        )
        verdict = Verdict("False", CONFLICT, message)
        # Whatever the status told of the topic is the other resource's to tell.
        await self._write(resource, verdict, without_topic(resource.status))
        self._metrics.reconciled("refused")

    async def _refuse(self, resource: Resource, verdict: Verdict) -> None:
        await self._write(resource, verdict, resource.status)
        self._metrics.reconciled("refused")

    async def _pause(self, resource: Resource) -> None:
        self._metrics.reconciled("paused")
        if not resource.status.conditions:
            self._writer.tell(resource, Event("Normal", PAUSED.reason, PAUSED.message))
            await self._write(resource, PAUSED, resource.status)

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
