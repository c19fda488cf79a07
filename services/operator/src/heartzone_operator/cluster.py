"""Kafka and the registry as the reconciler asks them: both at once, with patience, and cheaply when nothing is new.

The Confluent API shows one subject a request. To look at a thousand of them every minute, one request asks whether any
subject has another version than at the last thorough look; the compatibility levels, of which nothing tells, are looked
at in turn, all of them when there are few.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from event_topics.failures import Failure
from event_topics.kafka_topics import KafkaTopics
from event_topics.plan import Plan, SubjectAction, TopicAction
from event_topics.schema_subjects import SchemaSubjects
from event_topics.state import DesiredSchema, DesiredTopic, Observed, ObservedSubject, ObservedTopic
from heartzone_operator.circuit import Circuit

# So many subjects are looked at in every resync. Beyond that, it is the compatibility of one in every fourth resync, so
# that a thousand resources cost less than five requests a minute.
_FEW = 20
_ROUNDS = 4

_Answer = TypeVar("_Answer")
_Action = TypeVar("_Action", TopicAction, SubjectAction)

log = structlog.get_logger(__name__)


class Cluster:
    """The two adapters, each behind its circuit. One call at a time."""

    def __init__(
        self, kafka: KafkaTopics, registry: SchemaSubjects, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kafka = kafka
        self._registry = registry
        self._clock = clock
        self.kafka_circuit = Circuit("Kafka")
        self.registry_circuit = Circuit("the registry")
        self._seen: dict[str, tuple[bytes, ObservedSubject]] = {}
        self._fingerprint: str | None = None
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

    async def carry_out(self, plan: Plan) -> list[tuple[TopicAction | SubjectAction, Failure | None]]:
        """Do the plan's actions, both sides at once; return each with None, or why it failed."""
        topics = [each for each in plan.actions if isinstance(each, TopicAction)]
        subjects = [each for each in plan.actions if isinstance(each, SubjectAction)]
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

    async def delete_topic(self, topic: str) -> Failure | None:
        """Delete a topic and its records."""
        if refusal := self.kafka_circuit.refusal(self._clock()):
            return refusal
        answer = await asyncio.to_thread(self._kafka.delete, [topic])
        return self._settled(self.kafka_circuit, [answer[topic]])[0]

    async def delete_subject(self, subject: str) -> Failure | None:
        """Delete a subject softly."""
        if refusal := self.registry_circuit.refusal(self._clock()):
            return refusal
        self._seen.pop(subject, None)
        answer = await asyncio.to_thread(self._registry.delete, subject)
        return self._settled(self.registry_circuit, [answer])[0]

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
        if fingerprint != self._fingerprint or len(subjects) <= _FEW:
            found = self._look_at(subjects)
            # Taken before the look, so what changed meanwhile differs from it the next time.
            self._fingerprint = fingerprint
            return found
        unseen = {name: schema for name, schema in subjects.items() if self._recall(name, schema) is None}
        found = self._look_at(unseen)
        found |= {name: seen for name, schema in subjects.items() if (seen := self._recall(name, schema)) is not None}
        return found | self._next_in_turn(found)

    def _next_in_turn(self, found: Mapping[str, ObservedSubject | Failure]) -> dict[str, ObservedSubject | Failure]:
        self._turn += 1
        known = sorted(name for name, each in found.items() if isinstance(each, ObservedSubject))
        if self._turn % _ROUNDS or not known:
            return {}
        name = known[self._turn // _ROUNDS % len(known)]
        each, level = found[name], self._registry.compatibility(name)
        if isinstance(level, Failure) or not isinstance(each, ObservedSubject):
            return {}
        return {name: replace(each, compatibility=level)}

    def _remember(self, name: str, schema: DesiredSchema, each: ObservedSubject) -> None:
        # Without its text: the plan compares versions only, and a thousand texts are memory for nothing.
        latest = replace(each.latest, text="") if each.latest else None
        self._seen[name] = _digest(schema), replace(each, latest=latest)

    def _recall(self, name: str, schema: DesiredSchema) -> ObservedSubject | None:
        digest, each = self._seen.get(name, (b"", None))
        return each if digest == _digest(schema) else None

    def _told(
        self, circuit: Circuit, outcomes: Sequence[tuple[_Action, Failure | None]]
    ) -> list[tuple[_Action, Failure | None]]:
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
