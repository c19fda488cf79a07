"""Conditions and status of a resource, computed from what was observed and what failed. No clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from event_topics.model import (
    Condition,
    ConditionStatus,
    ConditionType,
    DesiredTopic,
    EventTopicStatus,
    Failure,
    Half,
    Observed,
    ObservedSubject,
    ObservedTopic,
    Reason,
    SubjectStatus,
)
from heartzone_operator.model.reasons import ConditionReason

_MAX_MESSAGE_LENGTH = 2_000

Failures = Mapping[Half, Sequence[Failure]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition without its type and time."""

    reason: Reason
    message: str

    @property
    def status(self) -> ConditionStatus:
        """Status that the reason stands for."""
        return self.reason.status


IN_SYNC = Verdict(ConditionReason.IN_SYNC, "The topic is as the spec asks.")
REGISTERED = Verdict(ConditionReason.REGISTERED, "The schemas are registered.")
NO_SCHEMA = Verdict(ConditionReason.NO_SCHEMA, "The spec has no schema.")
PAUSED = Verdict(ConditionReason.PAUSED, "The annotation heartzone.dev/pause excludes this from being reconciled.")
PAUSE_REQUESTED = Verdict(ConditionReason.PAUSE_REQUESTED, PAUSED.message)
READY = Verdict(ConditionReason.READY, "Topic and schemas may be used.")


def verdict(failures: Iterable[Failure], otherwise: Verdict) -> Verdict:
    """Return the verdict of the first failure that needs a person, else of the first transient one."""
    failures = sorted(failures, key=lambda failure: failure.transient)
    if not failures:
        return otherwise
    message = shortened(" ".join(dict.fromkeys(failure.message for failure in failures)))
    return Verdict(failures[0].reason, message)


def shortened(message: str) -> str:
    """Return the part that fits into a status: a registry may quote a whole schema."""
    return message if len(message) <= _MAX_MESSAGE_LENGTH else f"{message[: _MAX_MESSAGE_LENGTH - 1]}…"


def ready(topic: Verdict, schema: Verdict) -> Verdict:
    """Return the condition Ready of both halves; a False outweighs an Unknown."""
    for status in ("False", "Unknown"):
        halves = [half for half in (topic, schema) if half.status == status]
        if halves:
            message = shortened(" ".join(dict.fromkeys(each.message for each in halves)))
            return Verdict(halves[0].reason, message)
    return READY


def status_with(
    former: EventTopicStatus, topic: Verdict, schema: Verdict, *, generation: int, topic_name: str, now: str
) -> EventTopicStatus:
    """Return the former status with new conditions; a condition keeps its time while its status stays."""
    verdicts: dict[ConditionType, Verdict] = {
        "Ready": ready(topic, schema),
        "TopicReady": topic,
        "SchemaReady": schema,
    }
    conditions = tuple(_condition(kind, each, former.condition(kind), now) for kind, each in verdicts.items())
    return former.model_copy(
        update={"observed_generation": generation, "topic_name": topic_name, "conditions": conditions}
    )


def paused(former: EventTopicStatus, *, generation: int, topic_name: str, now: str) -> EventTopicStatus:
    """Return the former status with the condition that says so; without others yet, these are Unknown."""
    if not former.conditions:
        former = status_with(former, PAUSED, PAUSED, generation=generation, topic_name=topic_name, now=now)
    others = tuple(each for each in former.conditions if each.type != "ReconciliationPaused")
    condition = _condition("ReconciliationPaused", PAUSE_REQUESTED, former.condition("ReconciliationPaused"), now)
    return former.model_copy(update={"conditions": (*others, condition)})


def without_topic(status: EventTopicStatus) -> EventTopicStatus:
    """Return the status without its fields about topic and subjects."""
    gone = dict.fromkeys(("topic_id", "partitions", "replicas", "value_schema", "key_schema"))
    return status.model_copy(update=gone)


def status_of(
    former: EventTopicStatus,
    desired: DesiredTopic,
    observed: Observed,
    failures: Failures,
    *,
    generation: int,
    managed_config: frozenset[str],
    now: str,
) -> EventTopicStatus:
    """Return the status after an observation of the cluster, and the failures of what was applied there."""
    schemas = desired.schemas()
    schema_failures = [failure for half in ("valueSchema", "keySchema") for failure in failures.get(half, ())]
    status = status_with(
        former,
        verdict(failures.get("topic", ()), IN_SYNC),
        verdict(schema_failures, REGISTERED if schemas else NO_SCHEMA),
        generation=generation,
        topic_name=desired.topic,
        now=now,
    )
    subjects = {
        half: _former_subject(former, half)  # nothing was registered, so that the last observation still holds
        if isinstance(schema, Failure)
        else _subject(subject, observed, former, half)
        for half, subject, schema in schemas
    }
    return status.model_copy(
        update={
            **_topic(observed.topics.get(desired.topic), former),
            "value_schema": subjects.get("valueSchema"),
            "key_schema": subjects.get("keySchema"),
            "managed_config": tuple(sorted(managed_config)),
        }
    )


def _condition(kind: ConditionType, each: Verdict, former: Condition | None, now: str) -> Condition:
    changed = former is None or former.status != each.status
    return Condition(
        type=kind,
        status=each.status,
        reason=each.reason,
        message=each.message,
        last_transition_time=now if changed or former is None else former.last_transition_time,
    )


def _topic(topic: ObservedTopic | Failure | None, former: EventTopicStatus) -> dict[str, object]:
    if isinstance(topic, Failure):  # the last observation is the best that is known
        return {"topic_id": former.topic_id, "partitions": former.partitions, "replicas": former.replicas}
    if topic is None:
        return {"topic_id": None, "partitions": None, "replicas": None}
    return {"topic_id": topic.topic_id, "partitions": topic.partitions, "replicas": topic.replicas}


def _subject(name: str, observed: Observed, former: EventTopicStatus, half: Half) -> SubjectStatus | None:
    subject: ObservedSubject | Failure | None = observed.subjects.get(name)
    if isinstance(subject, Failure):
        return _former_subject(former, half)
    if subject is None or subject.latest is None:
        return None
    return SubjectStatus(subject=name, id=subject.latest.id, version=subject.latest.version)


def _former_subject(former: EventTopicStatus, half: Half) -> SubjectStatus | None:
    return former.value_schema if half == "valueSchema" else former.key_schema
