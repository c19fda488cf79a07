"""The EventTopic custom resource: one Kafka topic and the schemas of its values and keys.

The models mirror the YAML of `heartzone.dev/v1alpha1` field by field and reject unknown fields, so that a misspelt
field is an error and not a topic with the broker's defaults. Field descriptions are user documentation.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from event_topics.model.sentences import sentence, shown

GROUP = "heartzone.dev"
VERSION = "v1alpha1"
PLURAL = "eventtopics"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "EventTopic"
ADOPT = f"{GROUP}/adopt"
"""Annotation with which a resource consents to adopt a topic that exists already, when it is `true`."""

SchemaType = Literal["JSON", "AVRO", "PROTOBUF"]
Compatibility = Literal[
    "NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"
]
PartitionsPolicy = Literal["Exact", "AtLeast"]

# org.apache.kafka.common.internals.Topic
TOPIC_NAME_PATTERN = r"^[a-zA-Z0-9._-]{1,249}$"
KAFKA_OWN_TOPICS = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata", "__remote_log_metadata"}
)
# librdkafka accepts no more (RD_KAFKAP_PARTITIONS_MAX, RD_KAFKAP_BROKERS_MAX).
MAX_PARTITIONS, MAX_REPLICAS = 100_000, 10_000
# A request holds the length of a text in 16 bits: of a longer one the rest would be read as what follows. A character
# takes up to 4 bytes, and a NUL would end the text.
MAX_CONFIG_KEY_LENGTH, MAX_CONFIG_VALUE_LENGTH, MAX_CONFIG_KEYS = 249, 8_000, 200
MAX_REFERENCES = 100
CONFIG_TEXT_PATTERN = r"^[^\x00-\x1f\x7f]*$"
# RFC 1123 subdomain, as Kubernetes names its objects.
_OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class InvalidEventTopicError(ValueError):
    """A manifest is not an EventTopic; the message is one sentence that names field and value."""


def _legal_topic_name(name: str) -> str:
    if name in {".", ".."} or not re.fullmatch(TOPIC_NAME_PATTERN, name):
        raise ValueError(
            "a topic's name has 1 to 249 letters (a-z, A-Z), digits, dots, underscores and hyphens, and is not . or .."
        )
    if name in KAFKA_OWN_TOPICS:
        raise ValueError("this topic belongs to Kafka itself, choose another name")
    return name


def _sendable_config(config: Mapping[str, str]) -> Mapping[str, str]:
    if len(config) > MAX_CONFIG_KEYS:
        raise ValueError(f"has {len(config)} keys, and at most {MAX_CONFIG_KEYS} are allowed")
    for key, value in config.items():
        if not 1 <= len(key) <= MAX_CONFIG_KEY_LENGTH or not re.fullmatch(CONFIG_TEXT_PATTERN, key):
            raise ValueError(
                f"has the key {shown(key)}: a key has 1 to {MAX_CONFIG_KEY_LENGTH} characters and no control characters"
            )
        if len(value) > MAX_CONFIG_VALUE_LENGTH or not re.fullmatch(CONFIG_TEXT_PATTERN, value):
            raise ValueError(
                f"has {shown(value)} for {key}: a value has at most {MAX_CONFIG_VALUE_LENGTH} characters and no "
                "control characters"
            )
    return config


def _as_text(value: object) -> object:
    """Return a number or a truth value as Kafka reads it, and anything else as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # JSON has one kind of number: of an API server, 1.0 comes back as 1.
        return str(int(value)) if value.is_integer() else repr(value) if math.isfinite(value) else value
    return str(value) if isinstance(value, int) else value


def is_object_name(name: str) -> bool:
    """Return whether Kubernetes accepts the name for an object (RFC 1123 subdomain)."""
    return len(name) <= 253 and _OBJECT_NAME.fullmatch(name) is not None


def _legal_object_name(name: str) -> str:
    if not is_object_name(name):
        raise ValueError(
            "an object's name has at most 253 lower-case letters, digits, hyphens and dots, "
            "and starts and ends with a letter or digit"
        )
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


class ConfigMapKeyRef(_Strict):
    """A key of a ConfigMap in the namespace of the resource."""

    name: Annotated[str, AfterValidator(_legal_object_name)] = Field(description="Name of the ConfigMap.")
    key: str = Field(min_length=1, description="Key in the ConfigMap whose value is the schema's text.")


class SchemaSource(_Strict):
    """Place of a schema's text outside the resource."""

    config_map_key_ref: ConfigMapKeyRef = Field(description="Key of a ConfigMap that holds the schema.")


class SchemaReference(_Strict):
    """A version of another subject that a schema refers to, as the Confluent API has it."""

    name: str = Field(
        min_length=1,
        max_length=MAX_CONFIG_VALUE_LENGTH,
        description="What the schema calls it: the `$ref` of JSON, the full name of AVRO, the import of PROTOBUF.",
    )
    subject: str = Field(
        min_length=1, max_length=MAX_CONFIG_VALUE_LENGTH, description="Subject that holds it, such as `Money-value`."
    )
    version: int = Field(ge=1, le=2**31 - 1, description="Version of the subject.")


class TopicSchema(_Strict):
    """The schema of a topic's values (subject `<topic>-value`) or keys (`<topic>-key`)."""

    type: SchemaType = Field(description="Language of the schema, passed on to the registry.")
    compatibility: Compatibility | None = Field(
        default=None,
        description="What a new version of the schema must be compatible with. Unset: left to the registry.",
    )
    text: str | None = Field(default=None, alias="schema", description="The schema itself, as text.")
    schema_from: SchemaSource | None = Field(default=None, description="Where to read the schema instead of `schema`.")

    references: Annotated[tuple[SchemaReference, ...], Field(strict=False)] = Field(
        default=(),
        max_length=MAX_REFERENCES,
        description="Schemas of other subjects that this one refers to.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.text is None) == (self.schema_from is None):
            raise ValueError("needs exactly one of schema (the text) and schemaFrom (a ConfigMap's key)")
        return self


class EventTopicSpec(_Strict):
    """Desired state of the topic and its subjects."""

    topic_name: Annotated[str, AfterValidator(_legal_topic_name)] | None = Field(
        default=None, description="Name of the topic in Kafka; immutable. Default: the name of the resource."
    )
    partitions: int = Field(ge=1, le=MAX_PARTITIONS, description="Number of partitions. May grow, never shrink.")
    partitions_policy: PartitionsPolicy = Field(
        default="Exact",
        description="Meaning of `partitions`: with Exact a topic that has more is not as asked, with AtLeast it is, "
        "and the number may be lowered again, such as by a rollback.",
    )
    replicas: int | None = Field(
        default=None,
        ge=1,
        le=MAX_REPLICAS,
        description="Copies of each partition, at most the number of brokers. Unset: the broker's default.",
    )
    config: Annotated[Mapping[str, Annotated[str, BeforeValidator(_as_text)]], AfterValidator(_sendable_config)] = (
        Field(
            default_factory=dict,
            description="Topic configuration, such as retention.ms. Keys not named here keep the broker's default.",
        )
    )
    value_schema: TopicSchema | None = Field(default=None, description="Schema of the values.")
    key_schema: TopicSchema | None = Field(default=None, description="Schema of the keys.")
    deletion_policy: Literal["Retain", "Delete"] = Field(
        default="Retain",
        description="What deleting the resource does: Retain keeps topic and subjects, Delete removes the topic, then "
        "its subjects.",
    )


class Metadata(BaseModel):
    """The part of Kubernetes' ObjectMeta that is used here; the rest is ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    name: Annotated[str, AfterValidator(_legal_object_name)]
    namespace: str | None = None
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)


class EventTopic(_Strict):
    """One topic and its schemas. `status` is the cluster's to write and not read here."""

    api_version: Literal["heartzone.dev/v1alpha1"]
    kind: Literal["EventTopic"]
    metadata: Metadata
    spec: EventTopicSpec
    status: Mapping[str, Any] | None = None

    @model_validator(mode="after")
    def _name_serves_as_topic(self) -> Self:
        if self.spec.topic_name is None:
            _legal_topic_name(self.metadata.name)
        return self

    @property
    def topic_name(self) -> str:
        """Name of the topic in Kafka."""
        return self.spec.topic_name or self.metadata.name

    @property
    def full_name(self) -> str:
        """`namespace/name`, or the name alone when no namespace is given: the resource's name in messages."""
        return f"{self.metadata.namespace}/{self.metadata.name}" if self.metadata.namespace else self.metadata.name


def parse_event_topic(manifest: object) -> EventTopic:
    """Parse one manifest, as read from YAML or returned by the Kubernetes API. Raises InvalidEventTopicError."""
    if not isinstance(manifest, Mapping):
        raise InvalidEventTopicError(f"an {KIND} is a mapping of fields, not {shown(manifest)}")
    try:
        return EventTopic.model_validate(manifest)
    except ValidationError as error:
        raise InvalidEventTopicError(
            "; ".join(sentence(each, KIND, _FIELD_NAMES) for each in error.errors(include_url=False))
        ) from None


_FIELD_NAMES = sorted(
    {
        field.alias or name
        for model in (EventTopic, EventTopicSpec, TopicSchema, SchemaSource, ConfigMapKeyRef, SchemaReference)
        for name, field in model.model_fields.items()
    }
)
