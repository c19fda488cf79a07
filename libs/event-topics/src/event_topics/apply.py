"""Applying of plans: observes both sides, plans, applies through the adapters, and reports the outcome of each step.

Kafka and the registry are called concurrently; when one is unavailable, the half of the other goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum

from event_topics.kafka.topics import KafkaTopics
from event_topics.model.failures import Failure
from event_topics.model.planning import Plan, plan
from event_topics.model.state import DesiredSchema, DesiredTopic, Observed
from event_topics.model.steps import Action, Blocked, SubjectAction, TopicAction, Unknown
from event_topics.registry.subjects import SchemaSubjects


class StepStatus(StrEnum):
    """Status of one step, or of all steps of a resource: the worst comes last."""

    UNCHANGED = "unchanged"
    """There was nothing to do."""
    APPLIED = "applied"
    """The action succeeded."""
    REFUSED = "refused"
    """The step is blocked until a person changes something."""
    FAILED = "failed"
    """The action failed, or its half could not be observed."""


_SEVERITY = tuple(StepStatus)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one step: `failure` None, the action was applied; else why it was not."""

    step: Action | Blocked | Unknown
    failure: Failure | None = None

    @property
    def status(self) -> StepStatus:
        """Status of the step."""
        if self.failure is None:
            return StepStatus.APPLIED
        return StepStatus.REFUSED if isinstance(self.step, Blocked) else StepStatus.FAILED


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes in the order in which they became known, and the names of the resources."""

    resources: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that need a person or a later run."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure is not None)

    @property
    def by_resource(self) -> Mapping[str, StepStatus]:
        """Each resource's worst status."""
        worst = dict.fromkeys(self.resources, StepStatus.UNCHANGED)
        for outcome in self.outcomes:
            name = outcome.step.resource
            worst[name] = max(worst[name], outcome.status, key=_SEVERITY.index)
        return worst


def observe(desired: Sequence[DesiredTopic], kafka: KafkaTopics, registry: SchemaSubjects) -> Observed:
    """Observe the desired topics and their subjects, both sides concurrently."""
    subjects = {
        subject: schema
        for each in desired
        for _, subject, schema in each.schemas()
        if isinstance(schema, DesiredSchema)
    }
    with ThreadPoolExecutor(1, thread_name_prefix="observe-topics") as pool:
        topics = pool.submit(kafka.observe, [each.topic for each in desired])
        return Observed(subjects=registry.observe(subjects), topics=topics.result())


def apply_plan(plan: Plan, kafka: KafkaTopics, registry: SchemaSubjects) -> Iterator[Outcome]:
    """Apply the plan's actions, both sides concurrently; yield the outcome of every step, blocked and unknown too."""
    yield from (Outcome(step, step.failure) for step in plan.blocked)
    yield from (Outcome(step, step.failure) for step in plan.unknown)
    topic_actions = [each for each in plan.actions if isinstance(each, TopicAction)]
    subject_actions = [each for each in plan.actions if isinstance(each, SubjectAction)]
    with ThreadPoolExecutor(2, thread_name_prefix="apply") as pool:
        halves: list[Future[list[Outcome]]] = [
            pool.submit(lambda: [Outcome(step, failure) for step, failure in kafka.apply(topic_actions)]),
            pool.submit(lambda: [Outcome(step, failure) for step, failure in registry.apply(subject_actions)]),
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
    """Make topics and subjects what is desired, without confirmation: observe, plan, apply.

    `kafka_config` are librdkafka's properties, `registry_config` those of confluent_kafka's registry client (`url`, …).
    Raises InvalidKafkaConfigError and InvalidRegistryConfigError; errors of Kafka and the registry are in the report.
    """
    kafka = KafkaTopics(kafka_config)
    outcomes: list[Outcome] = []
    with SchemaSubjects(registry_config) as registry:
        for outcome in apply_plan(plan(desired, observe(desired, kafka, registry)), kafka, registry):
            outcomes.append(outcome)
            on_outcome(outcome)
    return Report(tuple(each.resource for each in desired), tuple(outcomes))
