"""Kafka and the registry as the reconcile loop uses them: concurrently, each behind its circuit breaker."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from event_topics import KafkaTopics, SchemaSubjects
from event_topics.model import (
    Action,
    DesiredSchema,
    DesiredTopic,
    Failure,
    Observed,
    ObservedTopic,
    SubjectAction,
    TopicAction,
)
from heartzone_operator.cluster.guard import Guard
from heartzone_operator.cluster.subject_observer import SubjectObserver
from heartzone_operator.cluster.topic_observer import TopicObserver

_Action = TypeVar("_Action", TopicAction, SubjectAction)


class Cluster:
    """The two adapters. One call at a time."""

    def __init__(
        self,
        kafka: KafkaTopics,
        registry: SchemaSubjects,
        *,
        compatibility_sweep: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`compatibility_sweep`: number of subjects up to which a quick check requests the levels of all."""
        self._kafka = kafka
        self._registry = registry
        self._kafka_guard = Guard("Kafka", unavailable="kafka_unavailable", recovered="kafka_recovered", clock=clock)
        self._registry_guard = Guard(
            "the registry", unavailable="registry_unavailable", recovered="registry_recovered", clock=clock
        )
        self._topics = TopicObserver(kafka, self._kafka_guard)
        self._subjects = SubjectObserver(registry, self._registry_guard, sweep=compatibility_sweep)

    @property
    def outages(self) -> tuple[Failure, ...]:
        """The failures of the sides that are unavailable."""
        failures = (self._kafka_guard.failure, self._registry_guard.failure)
        return tuple(failure for failure in failures if failure is not None)

    async def observe(self, desired: Sequence[DesiredTopic], *, full: bool) -> Observed:
        """Observe topics and subjects, in full or by a quick check."""
        names = [each.topic for each in desired]
        schemas = {
            subject: schema
            for each in desired
            for _, subject, schema in each.schemas()
            if isinstance(schema, DesiredSchema)
        }
        observe_topics = self._topics.observe_in_full if full else self._topics.quick_check
        observe_subjects = self._subjects.observe_in_full if full else self._subjects.quick_check
        topics, subjects = await asyncio.gather(
            asyncio.to_thread(observe_topics, names),
            asyncio.to_thread(observe_subjects, schemas),
        )
        return Observed(topics=topics, subjects=subjects)

    async def observe_topics(self, topics: Sequence[str]) -> dict[str, ObservedTopic | Failure]:
        """Observe topics alone; absent ones are left out."""
        return await asyncio.to_thread(self._topics.observe_in_full, topics)

    async def apply(self, actions: Sequence[Action]) -> list[tuple[TopicAction | SubjectAction, Failure | None]]:
        """Apply the actions, both sides concurrently; return each with None, or why it failed."""
        topics = [each for each in actions if isinstance(each, TopicAction)]
        subjects = [each for each in actions if isinstance(each, SubjectAction)]
        for each in topics:
            self._topics.forget(each.topic)
        for action in subjects:
            self._subjects.forget(action.subject)
        kafka, registry = await asyncio.gather(
            asyncio.to_thread(lambda: list(self._kafka.apply(topics))),
            asyncio.to_thread(lambda: list(self._registry.apply(subjects))),
        )
        return [*_recorded(self._kafka_guard, kafka), *_recorded(self._registry_guard, registry)]

    async def delete_topics(self, topics: Sequence[str]) -> dict[str, Failure | None]:
        """Delete topics and their records; return for each None, or why it still exists."""
        for name in topics:
            self._topics.forget(name)
        return await asyncio.to_thread(self._kafka_guard.call, topics, lambda: self._kafka.delete(topics))

    async def delete_subjects(self, subjects: Collection[str]) -> dict[str, Failure | None]:
        """Delete subjects softly; return for each None, or why it still exists."""
        if not subjects:
            return {}
        for subject in subjects:
            self._subjects.forget(subject)
        return await asyncio.to_thread(self._registry_guard.call, subjects, lambda: self._registry.delete(subjects))

    def keep_only(self, topics: Collection[str]) -> None:
        """Forget what was observed of other topics and their subjects."""
        self._topics.keep_only(topics)
        self._subjects.keep_only([f"{topic}-{kind}" for topic in topics for kind in ("value", "key")])

    def retry_at(self) -> float:
        """Return when a request to an unavailable side may be made again."""
        return max(self._kafka_guard.retry_at, self._registry_guard.retry_at)


def _recorded(guard: Guard, outcomes: Sequence[tuple[_Action, Failure | None]]) -> list[tuple[_Action, Failure | None]]:
    failures = guard.record([failure for _, failure in outcomes])
    return [(action, failure) for (action, _), failure in zip(outcomes, failures, strict=True)]
