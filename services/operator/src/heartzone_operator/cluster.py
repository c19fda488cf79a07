"""Kafka and the registry as the reconciler asks them: both at once, with patience, and cheaply when nothing is new.

The Confluent API shows one subject a request. To look at a thousand of them every minute, one request asks whether any
subject has another version than at the last thorough look; the compatibility levels, of which nothing tells, are looked
at all at once while there are few subjects, and else in turn.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from event_topics.failures import Failure
from event_topics.kafka_topics import KafkaTopics
from event_topics.plan import Action, SubjectAction, TopicAction
from event_topics.schema_subjects import Fingerprint, SchemaSubjects
from event_topics.state import DesiredSchema, DesiredTopic, Observed, ObservedSubject, ObservedTopic
from heartzone_operator.circuit import Circuit

_Answer = TypeVar("_Answer")
_Step = TypeVar("_Step", TopicAction, SubjectAction)

log = structlog.get_logger(__name__)


class Cluster:
    """The two adapters, each behind its circuit. One call at a time."""

    def __init__(
        self,
        kafka: KafkaTopics,
        registry: SchemaSubjects,
        *,
        compatibility_sweep: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`compatibility_sweep`: the number of subjects up to which the levels of all are looked at each time."""
        self._kafka = kafka
        self._registry = registry
        self._sweep = compatibility_sweep
        self._clock = clock
        self.kafka_circuit = Circuit("Kafka")
        self.registry_circuit = Circuit("the registry")
        self._seen: dict[str, tuple[bytes, ObservedSubject]] = {}
        self._fingerprint: Fingerprint | None = None
        self._turn = 0

    async def observe(self, desired: Sequence[DesiredTopic], *, thoroughly: bool) -> Observed:
        """Look at topics and subjects; not thoroughly: at subjects only as far as something hints at a change."""
        subjects = {
            subject: schema
            for each in desired
            for _, subject, schema in each.schemas()
            if isinstance(schema, DesiredSchema)
        }
        look = self._look_at if thoroughly else self._glance_at
        topics, found = await asyncio.gather(
            asyncio.to_thread(self._topics, [each.topic for each in desired]), asyncio.to_thread(look, subjects)
        )
        return Observed(topics=topics, subjects=found)

    async def carry_out(self, actions: Sequence[Action]) -> list[tuple[TopicAction | SubjectAction, Failure | None]]:
        """Do the actions, both sides at once; return each with None, or why it failed."""
        topics = [each for each in actions if isinstance(each, TopicAction)]
        subjects = [each for each in actions if isinstance(each, SubjectAction)]
        for action in subjects:
            self._seen.pop(action.subject, None)
        kafka, registry = await asyncio.gather(
            asyncio.to_thread(lambda: list(self._kafka.carry_out(topics))),
            asyncio.to_thread(lambda: list(self._registry.carry_out(subjects))),
        )
        return [
            *self._told(self.kafka_circuit, kafka),
            *self._told(self.registry_circuit, registry),
        ]

    async def delete_topics(self, topics: Sequence[str]) -> dict[str, Failure | None]:
        """Delete topics and their records; return for each None, or why it is still there."""
        if refusal := self.kafka_circuit.refusal(self._clock()):
            return dict.fromkeys(topics, refusal)
        answers = await asyncio.to_thread(self._kafka.delete, topics)
        return dict(zip(answers, self._settled(self.kafka_circuit, list(answers.values())), strict=True))

    async def delete_subjects(self, subjects: Collection[str]) -> dict[str, Failure | None]:
        """Delete subjects softly; return for each None, or why it is still there."""
        if not subjects:
            return {}
        if refusal := self.registry_circuit.refusal(self._clock()):
            return dict.fromkeys(subjects, refusal)
        for subject in subjects:
            self._seen.pop(subject, None)
        answers = await asyncio.to_thread(self._registry.delete, subjects)
        return dict(zip(answers, self._settled(self.registry_circuit, list(answers.values())), strict=True))

    def retry_at(self) -> float:
        """Return when to ask again what could not be asked now."""
        return max(self.kafka_circuit.retry_at, self.registry_circuit.retry_at)

    def _topics(self, names: Sequence[str]) -> Mapping[str, ObservedTopic | Failure]:
        if refusal := self.kafka_circuit.refusal(self._clock()):
            return dict.fromkeys(names, refusal)
        found = self._kafka.observe(names)
        return dict(zip(found, self._settled(self.kafka_circuit, list(found.values())), strict=True))

    def _look_at(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        if not subjects:
            return {}
        if refusal := self.registry_circuit.refusal(self._clock()):
            return dict.fromkeys(subjects, refusal)
        found = self._registry.observe(subjects)
        for name, schema in subjects.items():
            each = found.get(name)
            if isinstance(each, ObservedSubject):
                self._remember(name, schema, each)
            else:
                self._seen.pop(name, None)
        return dict(zip(found, self._settled(self.registry_circuit, list(found.values())), strict=True))

    def _glance_at(self, subjects: Mapping[str, DesiredSchema]) -> dict[str, ObservedSubject | Failure]:
        if not subjects:
            return {}
        if refusal := self.registry_circuit.refusal(self._clock()):
            return dict.fromkeys(subjects, refusal)
        (fingerprint,) = self._settled(self.registry_circuit, [self._registry.fingerprint()])
        if isinstance(fingerprint, Failure):
            return dict.fromkeys(subjects, fingerprint)
        if fingerprint != self._fingerprint:
            found = self._look_at(subjects)
            # Taken before the look, so what changed meanwhile differs from it the next time.
            self._fingerprint = fingerprint
            return found
        anew = {name for name, schema in subjects.items() if not self._is_known(name, schema)}
        if fingerprint.shows_versions:
            turn = self._whose_turn(name for name, schema in subjects.items() if schema.compatibility is not None)
            levels = self._registry.compatibilities(turn - anew)
        else:
            anew |= self._whose_turn(subjects)
            levels = {}
        told = dict(zip(levels, self._settled(self.registry_circuit, list(levels.values())), strict=True))
        found = self._look_at({name: subjects[name] for name in anew})
        for name in subjects.keys() - anew:
            seen, level = self._seen[name][1], told.get(name)
            if isinstance(level, Failure):
                found[name] = level
            else:
                found[name] = replace(seen, compatibility=level) if name in told else seen
        return found

    def _whose_turn(self, subjects: Iterable[str]) -> set[str]:
        """Return those that are looked at this time, though nothing hints at a change."""
        names = sorted(subjects)
        if len(names) <= self._sweep:
            return set(names)
        self._turn += 1
        return {names[self._turn % len(names)]}

    def _remember(self, name: str, schema: DesiredSchema, each: ObservedSubject) -> None:
        # Without its text: the plan compares versions only, and a thousand texts are memory for nothing.
        latest = replace(each.latest, text="") if each.latest else None
        self._seen[name] = _digest(schema), replace(each, latest=latest)

    def _is_known(self, name: str, schema: DesiredSchema) -> bool:
        return name in self._seen and self._seen[name][0] == _digest(schema)

    def _told(
        self, circuit: Circuit, outcomes: Sequence[tuple[_Step, Failure | None]]
    ) -> list[tuple[_Step, Failure | None]]:
        failures = self._settled(circuit, [failure for _, failure in outcomes])
        return [(action, failure) for (action, _), failure in zip(outcomes, failures, strict=True)]

    def _settled(self, circuit: Circuit, answers: Sequence[_Answer | Failure]) -> list[_Answer | Failure]:
        """Tell the circuit how its side answered; return the answers, outages in the words of the circuit."""
        outage = next((each for each in answers if isinstance(each, Failure) and each.transient), None)
        if outage is None:
            if circuit.succeeded():
                log.info("answers_again", side=circuit.side)
            return list(answers)
        if circuit.failure is None:
            log.warning("unavailable", side=circuit.side, reason=outage.message)
        told = circuit.failed(outage, self._clock())
        return [told if isinstance(each, Failure) and each.transient else each for each in answers]


def _digest(schema: DesiredSchema) -> bytes:
    return hashlib.sha256(f"{schema.type}\0{schema.text}".encode()).digest()
