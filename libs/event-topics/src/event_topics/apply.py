"""Carries plans out: observes both sides, plans, acts through the adapters, and says for each step what came of it.

Kafka and the registry are asked at the same time, and when one is away the other's half goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Literal

from event_topics.failures import Failure
from event_topics.kafka_topics import KafkaTopics
from event_topics.plan import Action, Plan, Refusal, SubjectAction, TopicAction, Unknown, plan
from event_topics.schema_subjects import SchemaSubjects
from event_topics.state import DesiredSchema, DesiredTopic, Observed

Status = Literal["unchanged", "applied", "refused", "failed"]
_WORST_LAST: tuple[Status, ...] = ("unchanged", "applied", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step: `failure` None, the action was carried out; else it was refused or went wrong."""

    step: Action | Refusal | Unknown
    failure: Failure | None = None

    @property
    def status(self) -> Status:
        """`refused`: a person must change something. `failed`: it was tried, or could not even be looked at."""
        if self.failure is None:
            return "applied"
        return "refused" if isinstance(self.step, Refusal) else "failed"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of applying: the outcomes in the order in which they were known, and the resources' names."""

    resources: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that a person or a later run has to see to."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure is not None)

    @property
    def by_resource(self) -> Mapping[str, Status]:
        """Each resource's worst status; `unchanged` when there was nothing to do for it."""
        worst: dict[str, Status] = dict.fromkeys(self.resources, "unchanged")
        for outcome in self.outcomes:
            name = outcome.step.resource
            worst[name] = max(worst[name], outcome.status, key=_WORST_LAST.index)
        return worst


def observe(desired: Sequence[DesiredTopic], kafka: KafkaTopics, registry: SchemaSubjects) -> Observed:
    """Look at all topics and subjects that are asked for, both sides at once."""
    subjects = {
        subject: schema
        for each in desired
        for _, subject, schema in each.schemas()
        if isinstance(schema, DesiredSchema)
    }
    with ThreadPoolExecutor(1, thread_name_prefix="observe-topics") as pool:
        topics = pool.submit(kafka.observe, [each.topic for each in desired])
        return Observed(subjects=registry.observe(subjects), topics=topics.result())


def carry_out(plan: Plan, kafka: KafkaTopics, registry: SchemaSubjects) -> Iterator[Outcome]:
    """Do the plan's actions, both sides at once; yield refusals and unknowns too, so that no step goes unsaid."""
    yield from (Outcome(refusal, refusal.failure) for refusal in plan.refusals)
    yield from (Outcome(unknown, unknown.failure) for unknown in plan.unknowns)
    topic_actions = [each for each in plan.actions if isinstance(each, TopicAction)]
    subject_actions = [each for each in plan.actions if isinstance(each, SubjectAction)]
    with ThreadPoolExecutor(2, thread_name_prefix="apply") as pool:
        halves: list[Future[list[Outcome]]] = [
            pool.submit(lambda: [Outcome(step, failure) for step, failure in kafka.carry_out(topic_actions)]),
            pool.submit(lambda: [Outcome(step, failure) for step, failure in registry.carry_out(subject_actions)]),
        ]
        for half in as_completed(halves):
            yield from half.result()


def apply_event_topics(
    desired: Sequence[DesiredTopic],
    *,
    kafka_config: Mapping[str, str],
    registry_config: Mapping[str, str | int | float],
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,  # noqa: ARG005
) -> Report:
    """Make topics and subjects what is asked for, without a question: observe, plan, carry out.

    `kafka_config` are librdkafka's properties, `registry_config` those of confluent_kafka's registry client (`url`, …).
    Raises InvalidKafkaConfig and InvalidRegistryConfig; all that Kafka and the registry say is in the report.
    """
    kafka = KafkaTopics(kafka_config)
    outcomes: list[Outcome] = []
    with SchemaSubjects(registry_config) as registry:
        for outcome in carry_out(plan(desired, observe(desired, kafka, registry)), kafka, registry):
            outcomes.append(outcome)
            on_outcome(outcome)
    return Report(tuple(each.resource for each in desired), tuple(outcomes))
