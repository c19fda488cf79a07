"""Export of existing topics and subjects as EventTopics, for a team that adopts them.

Planning with the exported resources gives an empty plan.
"""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from event_topics.kafka.topics import KafkaTopics
from event_topics.manifests.rendering import manifest_of, resource_names
from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason
from event_topics.model.resource import parse_event_topic
from event_topics.model.state import DesiredSchema, Half, ObservedSubject, ObservedTopic, desired_topic
from event_topics.registry.subjects import SchemaSubjects


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A topic or a subject that is not exported, and why."""

    name: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Export:
    """The manifests by topic, in order of the topics' names, and what they lack."""

    manifests: Mapping[str, Mapping[str, Any]]
    left_out: tuple[LeftOut, ...]


def topic_and_subject_names(
    kafka: KafkaTopics, registry: SchemaSubjects
) -> tuple[tuple[str, ...] | Failure, tuple[str, ...] | Failure]:
    """List topics and subjects concurrently; a Failure says why one cannot be listed."""
    with ThreadPoolExecutor(2, thread_name_prefix="export") as pool:
        topics = pool.submit(kafka.names)
        subjects = pool.submit(registry.names)
        return topics.result(), subjects.result()


def export_event_topics(
    topics: Collection[str],
    subjects: Collection[str],
    kafka: KafkaTopics,
    registry: SchemaSubjects,
    *,
    taken_names: Collection[str] = (),
) -> Export:
    """Describe the topics, with those of the subjects that belong to them by TopicNameStrategy.

    A topic that cannot be observed, or whose subjects the registry cannot return just then, is left out as a whole.
    A schema that an EventTopic cannot hold is left out alone.
    """
    wanted = sorted(set(subjects) & {f"{topic}-{half}" for topic in topics for half in ("value", "key")})
    with ThreadPoolExecutor(2, thread_name_prefix="export") as pool:
        observing = pool.submit(kafka.observe, topics)
        holding = pool.submit(registry.latest, wanted)
        observed, held = observing.result(), holding.result()
    names = resource_names(topics, taken_names)
    manifests: dict[str, Mapping[str, Any]] = {}
    left_out: list[LeftOut] = []
    for topic in sorted(topics):
        manifest, missing = _describe(names[topic], topic, observed.get(topic), held)
        left_out += missing
        if manifest is not None:
            manifests[topic] = manifest
    return Export(manifests, tuple(left_out))


def _describe(
    name: str,
    topic: str,
    observed: ObservedTopic | Failure | None,
    held: Mapping[str, ObservedSubject | Failure],
) -> tuple[Mapping[str, Any] | None, list[LeftOut]]:
    if observed is None:
        return None, [LeftOut(topic, Failure(FailureReason.TOPIC_NOT_FOUND, "The topic was deleted just now."))]
    if isinstance(observed, Failure):
        return None, [LeftOut(topic, observed)]
    subjects: dict[str, ObservedSubject] = {}
    missing: list[LeftOut] = []
    for half in ("value", "key"):
        subject = f"{topic}-{half}"
        found = held.get(subject)
        if isinstance(found, Failure):
            missing.append(LeftOut(subject, found))
            if found.transient:
                return None, missing
        elif found is not None:
            subjects[half] = found
    manifest = manifest_of(name, topic, observed, value=subjects.get("value"), key=subjects.get("key"))
    for half, subject, failure in _invalid_schemas(manifest):
        missing.append(LeftOut(subject, failure))
        del manifest["spec"][half]
    return manifest, missing


def _invalid_schemas(manifest: Mapping[str, Any]) -> Iterator[tuple[Half, str, Failure]]:
    """The schemas that would block a plan: some registries store invalid ones."""
    for half, subject, schema in desired_topic(parse_event_topic(manifest)).schemas():
        if not isinstance(schema, DesiredSchema):
            yield half, subject, schema
