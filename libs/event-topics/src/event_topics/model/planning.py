"""The pure plan: the steps from what is observed to what is desired, without ever an action that deletes or shrinks.

`plan` decides and `event_topics.apply` applies; nothing else decides. Applying a plan and planning again gives an empty
plan, save for the blocked steps, which need a person, and the unknown ones, which need a broker or registry to respond.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason
from event_topics.model.state import DesiredSchema, DesiredTopic, Half, Observed, ObservedSubject, ObservedTopic
from event_topics.model.steps import (
    Action,
    AddPartitions,
    AlterConfig,
    Blocked,
    ConfigChange,
    CreateTopic,
    RegisterSchema,
    SetCompatibility,
    Unknown,
)

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in the order of the resources; within one subject the compatibility comes before the schema."""

    actions: tuple[Action, ...] = field(default=())
    blocked: tuple[Blocked, ...] = field(default=())
    unknown: tuple[Unknown, ...] = field(default=())


def plan(desired: Sequence[DesiredTopic], observed: Observed) -> Plan:
    """Return what would bring `observed` to `desired`. Of two resources for one topic the earlier one owns it."""
    steps: list[Action | Blocked | Unknown] = []
    owner: dict[str, DesiredTopic] = {}
    for each in desired:
        first = owner.setdefault(each.topic, each)
        if first is not each:
            steps.append(
                _blocked(
                    each,
                    "topic",
                    FailureReason.RESOURCE_CONFLICT,
                    f"The topic {each.topic!r} is already described by {first.resource}; remove one of the two "
                    "resources or give this one another spec.topicName.",
                )
            )
            continue
        steps.extend(_plan_topic(each, observed.topics.get(each.topic)))
        steps.extend(_levels_that_left(each, observed))
        for half, subject, schema in each.schemas():
            if isinstance(schema, Failure):
                steps.append(Blocked(resource=each.resource, topic=each.topic, half=half, failure=schema))
            else:
                steps.extend(_plan_subject(each, half, subject, schema, observed.subjects.get(subject)))
    return Plan(
        actions=tuple(step for step in steps if not isinstance(step, Blocked | Unknown)),
        blocked=tuple(step for step in steps if isinstance(step, Blocked)),
        unknown=tuple(step for step in steps if isinstance(step, Unknown)),
    )


def _blocked(desired: DesiredTopic, half: Half, reason: FailureReason, message: str) -> Blocked:
    return Blocked(resource=desired.resource, topic=desired.topic, half=half, failure=Failure(reason, message))


def _plan_topic(
    desired: DesiredTopic, observed: ObservedTopic | Failure | None
) -> Iterator[Action | Blocked | Unknown]:
    name, resource = desired.topic, desired.resource
    if isinstance(observed, Failure):
        yield Unknown(resource=resource, topic=name, half="topic", failure=observed)
        return
    if observed is None:
        yield CreateTopic(
            resource=resource,
            topic=name,
            half="topic",
            partitions=desired.partitions,
            replicas=desired.replicas,
            config=desired.config,
        )
        return
    if desired.partitions < observed.partitions and desired.partitions_policy == "Exact":
        yield _blocked(
            desired,
            "topic",
            FailureReason.FEWER_PARTITIONS,
            (
                f"The topic {name!r} has {observed.partitions} partitions and Kafka cannot remove any: set "
                f"spec.partitions to {observed.partitions}, or move to a new topic."
            ),
        )
    elif desired.partitions > observed.partitions:
        yield AddPartitions(
            resource=resource, topic=name, half="topic", before=observed.partitions, after=desired.partitions
        )
    if desired.replicas is not None and desired.replicas != observed.replicas:
        yield _blocked(
            desired,
            "topic",
            FailureReason.REPLICAS_CHANGED,
            (
                f"The topic {name!r} has {observed.replicas} replicas and spec.replicas asks for {desired.replicas}: "
                "move the partitions with kafka-reassign-partitions or Cruise Control, or set spec.replicas to "
                f"{observed.replicas}."
            ),
        )
    changes = tuple(_config_changes(desired, observed))
    if changes:
        yield AlterConfig(resource=resource, topic=name, half="topic", changes=changes)


def _config_changes(desired: DesiredTopic, observed: ObservedTopic) -> Iterator[ConfigChange]:
    for key, after in sorted(desired.config.items()):
        before = observed.config.get(key)
        if before is None:
            yield ConfigChange(key=key, before=observed.defaults.get(key), after=after, inherited=True)
        elif not same_config_value(before, after):
            yield ConfigChange(key=key, before=before, after=after)
    for key in sorted(desired.managed_config - desired.config.keys()):
        if key in observed.config:
            yield ConfigChange(key=key, before=observed.config[key], after=None)


def same_config_value(one: str, other: str) -> bool:
    """Whether two spellings mean one value: the broker stores `0.50` as `0.5`, `TRUE` as `true`, `a, b` as `a,b`."""
    one, other = (",".join(part.strip() for part in value.split(",")) for value in (one, other))
    if one == other or (one.lower() == other.lower() and one.lower() in {"true", "false"}):
        return True
    # Python's Decimal reads more than Kafka does: 1_000, digits of other scripts, Infinity.
    return _is_number(one) and _is_number(other) and Decimal(one) == Decimal(other)


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None


def _levels_that_left(desired: DesiredTopic, observed: Observed) -> Iterator[Action]:
    """Remove the levels that the spec does not name any more.

    Whatever is observed: a registry may return its own level for a subject that has none.
    """
    named = {half for half, _, schema in desired.schemas() if isinstance(schema, Failure) or schema.compatibility}
    for half in sorted(desired.managed_levels - named):
        subject = desired.subject(half)
        found = observed.subjects.get(subject)
        if isinstance(found, Failure):
            continue
        before = found.compatibility if found is not None else None
        yield SetCompatibility(
            resource=desired.resource, topic=desired.topic, half=half, subject=subject, before=before, after=None
        )


def _plan_subject(
    desired: DesiredTopic, half: Half, subject: str, schema: DesiredSchema, observed: ObservedSubject | Failure | None
) -> Iterator[Action | Blocked | Unknown]:
    resource, topic = desired.resource, desired.topic
    if isinstance(observed, Failure):
        yield Unknown(resource=resource, topic=topic, half=half, failure=observed)
        return
    observed = observed or ObservedSubject()
    latest = observed.latest
    if latest is not None and latest.type != schema.type:
        yield _blocked(
            desired,
            half,
            FailureReason.SCHEMA_TYPE_CHANGED,
            (
                f"The subject {subject!r} holds {latest.type} and spec.{half}.type asks for {schema.type}: its readers "
                "could not read both, so keep the type or use a new topic."
            ),
        )
        return
    if schema.compatibility is not None and schema.compatibility != observed.compatibility:
        yield SetCompatibility(
            resource=resource,
            topic=topic,
            half=half,
            subject=subject,
            before=observed.compatibility,
            after=schema.compatibility,
        )
    if latest is None or observed.desired_version is None:
        yield RegisterSchema(
            resource=resource,
            topic=topic,
            half=half,
            subject=subject,
            type=schema.type,
            text=schema.text,
            latest=latest,
            references=schema.references,
        )
    elif observed.desired_version != latest.version:
        yield _blocked(
            desired,
            half,
            FailureReason.SCHEMA_SUPERSEDED,
            (
                f"The schema is version {observed.desired_version} of {subject!r}, whose latest version is "
                f"{latest.version}, and a registry puts no old version on top: copy the newer schema into the "
                "resource, or make this one differ (a new title will do)."
            ),
        )
