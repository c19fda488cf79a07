"""Desired and observed state as plain values: the two inputs of the plan.

The adapters return what `Observed` holds; `desired_topic` turns a resource into a `DesiredTopic`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason
from event_topics.model.resource import (
    Compatibility,
    EventTopic,
    PartitionsPolicy,
    SchemaReference,
    SchemaType,
    TopicSchema,
)
from event_topics.model.schema_text import problem_of

Half = Literal["topic", "valueSchema", "keySchema"]
ConfigMaps = Mapping[tuple[str | None, str], Mapping[str, str] | Failure]
"""(namespace, name) of a ConfigMap → its data, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class DesiredSchema:
    """`compatibility` None: the registry's own level applies."""

    type: SchemaType
    text: str
    compatibility: Compatibility | None = None
    references: tuple[SchemaReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredTopic:
    """One resource, ready to be planned.

    `resource` is its name in messages. `managed_config` are the keys that an earlier spec of the same resource has set:
    those missing from `config` are reset to the broker's default, keys set by others stay. So are compatibility levels
    of `managed_levels`, to the registry's own. A Failure in place of a schema says why the schema cannot be used; the
    other halves are planned all the same.
    """

    resource: str
    topic: str
    partitions: int
    partitions_policy: PartitionsPolicy = "Exact"
    replicas: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    managed_config: frozenset[str] = frozenset()
    managed_levels: frozenset[Half] = frozenset()
    value_schema: DesiredSchema | Failure | None = None
    key_schema: DesiredSchema | Failure | None = None

    def subject(self, half: Half) -> str:
        """Return the subject of a half, by TopicNameStrategy."""
        return f"{self.topic}-{half.removesuffix('Schema')}"

    def schemas(self) -> tuple[tuple[Half, str, DesiredSchema | Failure], ...]:
        """Return (half, subject, schema) of each desired schema."""
        halves: tuple[tuple[Half, DesiredSchema | Failure | None], ...] = (
            ("keySchema", self.key_schema),
            ("valueSchema", self.value_schema),
        )
        return tuple((half, self.subject(half), schema) for half, schema in halves if schema is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTopic:
    """`config`: set on the topic itself. `defaults`: every other key, with the value the topic inherits."""

    partitions: int
    replicas: int
    config: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    topic_id: str = ""


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """A registered schema; `version` counts within its subject, `id` is what messages carry."""

    id: int
    version: int
    type: SchemaType
    text: str = ""
    references: tuple[SchemaReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSubject:
    """`latest` None: the subject has no schema yet. `compatibility` None: unset on the subject.

    `desired_version` is the version under which the subject already holds the desired schema, if it does: only the
    registry knows, since it may store a schema in another notation (`{"type": "string"}` as `"string"` in Avro).
    """

    latest: SchemaVersion | None = None
    compatibility: str | None = None
    desired_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The cluster as observed. A missing name is absent in the cluster; a Failure means that it could not be read."""

    topics: Mapping[str, ObservedTopic | Failure] = field(default_factory=dict)
    subjects: Mapping[str, ObservedSubject | Failure] = field(default_factory=dict)


def desired_topic(
    event_topic: EventTopic,
    *,
    config_maps: ConfigMaps | None = None,
    managed_config: frozenset[str] = frozenset(),
    managed_levels: frozenset[Half] = frozenset(),
) -> DesiredTopic:
    """Turn a resource into an input of the plan: names filled in, schemas read and checked."""
    spec = event_topic.spec
    return DesiredTopic(
        resource=event_topic.full_name,
        topic=event_topic.topic_name,
        partitions=spec.partitions,
        partitions_policy=spec.partitions_policy,
        replicas=spec.replicas,
        config=spec.config,
        managed_config=managed_config,
        managed_levels=managed_levels,
        value_schema=_desired_schema(event_topic, "valueSchema", spec.value_schema, config_maps or {}),
        key_schema=_desired_schema(event_topic, "keySchema", spec.key_schema, config_maps or {}),
    )


def _desired_schema(
    event_topic: EventTopic, half: Half, schema: TopicSchema | None, config_maps: ConfigMaps
) -> DesiredSchema | Failure | None:
    if schema is None:
        return None
    text = schema.text
    if schema.schema_from is not None:
        reference = schema.schema_from.config_map_key_ref
        data = config_maps.get((event_topic.metadata.namespace, reference.name))
        where = f"spec.{half}.schemaFrom names"
        if data is None:
            return Failure(
                FailureReason.CONFIG_MAP_NOT_FOUND,
                f"{where} the ConfigMap {reference.name!r}, which does not exist; add it.",
            )
        if isinstance(data, Failure):
            return data
        text = data.get(reference.key)
        if text is None:
            return Failure(
                FailureReason.CONFIG_MAP_KEY_NOT_FOUND,
                f"{where} the key {reference.key!r}, which the ConfigMap {reference.name!r} lacks; it has "
                f"{', '.join(sorted(data)) or 'none'}.",
            )
    assert text is not None, "TopicSchema has a text or a source"
    problem = problem_of(schema.type, text)
    if problem is not None:
        return Failure(FailureReason.INVALID_SCHEMA, f"The schema of spec.{half} {problem}; correct it.")
    return DesiredSchema(schema.type, text, schema.compatibility, schema.references)
