"""Reasons of failures, each with its meaning and remedy beside it; docs/eventtopic.md is generated from them."""

from enum import StrEnum
from typing import Self

from event_topics.model.status import ConditionStatus


class Reason(StrEnum):
    """CamelCase word of a condition, with the condition's `status`, its meaning and what a person should do.

    The values are part of the public contract: alerts and scripts compare them.
    """

    status: ConditionStatus
    meaning: str
    remedy: str

    def __new__(cls, value: str, status: ConditionStatus, meaning: str, remedy: str) -> Self:
        """Take the four parts as members are written: value, status, meaning, remedy."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.status, member.meaning, member.remedy = status, meaning, remedy
        return member


class FailureReason(Reason):
    """Reasons for which one half of a resource is not as its spec asks; `Unknown` are those that pass by themselves."""

    FEWER_PARTITIONS = (
        "FewerPartitions",
        "False",
        "The topic has more partitions than `spec.partitions`. Kafka cannot remove partitions.",
        "Set `spec.partitions` to the number that the message names or `spec.partitionsPolicy` to `AtLeast`, or move "
        "to a new topic.",
    )
    REPLICAS_CHANGED = (
        "ReplicasChanged",
        "False",
        "The topic has another number of replicas than `spec.replicas`.",
        "Move the partitions with kafka-reassign-partitions or Cruise Control, or set `spec.replicas` to theirs.",
    )
    RESOURCE_CONFLICT = (
        "ResourceConflict",
        "False",
        "An older EventTopic describes the same topic and owns it.",
        "Remove one of the two. When the older one is removed, the younger one becomes the owner.",
    )
    INVALID_CONFIG = (
        "InvalidConfig",
        "False",
        "The broker does not know a key of `spec.config`, or rejects its value. None of the keys is changed.",
        "Correct the key or value; the message quotes the broker.",
    )
    INVALID_REPLICAS = (
        "InvalidReplicas",
        "False",
        "`spec.replicas` is more than there are brokers.",
        "Lower it, or leave it out: the broker's default applies then.",
    )
    INVALID_PARTITIONS = (
        "InvalidPartitions",
        "False",
        "The broker rejects the number of partitions.",
        "Read the message.",
    )
    INVALID_TOPIC_NAME = (
        "InvalidTopicName",
        "False",
        "The broker rejects the name: most often another topic's name differs only in dots and underscores.",
        "Describe a topic of another name in a new resource.",
    )
    TOPIC_ALREADY_EXISTS = (
        "TopicAlreadyExists",
        "False",
        "The topic was created by somebody else between observing and creating it. Only `heartzone topics` reports it.",
        "Run the command again; the operator observes again by itself.",
    )
    TOPIC_NOT_FOUND = (
        "TopicNotFound",
        "False",
        "The topic was deleted by somebody else after it was observed. Only `heartzone topics` reports it.",
        "Run the command again; the operator observes again by itself.",
    )
    POLICY_VIOLATION = (
        "PolicyViolation",
        "False",
        "A policy of the Kafka cluster forbids it.",
        "Read what the policy says in the message.",
    )
    KAFKA_UNAUTHORIZED = (
        "KafkaUnauthorized",
        "False",
        "An ACL is missing. The message names the operation and the topic.",
        "Add the ACL.",
    )
    KAFKA_UNAUTHENTICATED = (
        "KafkaUnauthenticated",
        "False",
        "Kafka rejects the operator's credentials.",
        "Check the operator's `HEARTZONE_KAFKA_…` settings.",
    )
    KAFKA_ERROR = (
        "KafkaError",
        "False",
        "Kafka rejects the request, for no reason listed here.",
        "Read the message.",
    )
    TOPIC_FAILED = (
        "TopicFailed",
        "False",
        "Kafka fails on this topic while it serves others: with a time-out, or a quota that is used up.",
        "Read the message. The operator tries again about every half minute.",
    )
    KAFKA_UNAVAILABLE = (
        "KafkaUnavailable",
        "Unknown",
        "Kafka does not respond. Schemas are reconciled meanwhile.",
        "Nothing here: the operator retries at a growing interval of at most 15 s.",
    )
    INVALID_SCHEMA = (
        "InvalidSchema",
        "False",
        "The schema is not JSON, not a JSON Schema, or the registry cannot parse it. It is not registered.",
        "Correct the schema. The topic is reconciled all the same.",
    )
    INCOMPATIBLE_SCHEMA = (
        "IncompatibleSchema",
        "False",
        "The registry says that readers of the old version could not read the new one, or the reverse.",
        "Change the schema, or `compatibility`. The old version stays the latest until then.",
    )
    INVALID_COMPATIBILITY = (
        "InvalidCompatibility",
        "False",
        "The registry rejects the compatibility level.",
        "Use another.",
    )
    SCHEMA_TYPE_CHANGED = (
        "SchemaTypeChanged",
        "False",
        "The subject holds a schema of another type.",
        "Keep `type`, or use a new topic.",
    )
    SCHEMA_SUPERSEDED = (
        "SchemaSuperseded",
        "False",
        "The schema is an older version of the subject: somebody has registered another one since.",
        "Copy the newer schema into the resource, or make this one differ.",
    )
    CONFIG_MAP_NOT_FOUND = (
        "ConfigMapNotFound",
        "False",
        "`schemaFrom` names a ConfigMap that does not exist.",
        "Add it: the operator watches for it.",
    )
    CONFIG_MAP_KEY_NOT_FOUND = (
        "ConfigMapKeyNotFound",
        "False",
        "The ConfigMap of `schemaFrom` lacks the key.",
        "Add the key, or name one that the message lists.",
    )
    CONFIG_MAP_UNREADABLE = (
        "ConfigMapUnreadable",
        "False",
        "The API server does not let the operator read the ConfigMap of `schemaFrom`; the message quotes it.",
        "Give the operator's account the right that the message names.",
    )
    REGISTRY_UNAUTHORIZED = (
        "RegistryUnauthorized",
        "False",
        "The registry rejects the operator's credentials, or its user lacks a right.",
        "Check the operator's `HEARTZONE_SCHEMA_REGISTRY_…` settings, and the user's rights.",
    )
    REGISTRY_UNTRUSTED = (
        "RegistryUntrusted",
        "False",
        "The registry's certificate is not signed by an authority that the operator trusts.",
        "Check the operator's `HEARTZONE_SCHEMA_REGISTRY_SSL_CA_LOCATION`.",
    )
    REGISTRY_NOT_FOUND = (
        "RegistryNotFound",
        "False",
        "The operator's registry address is not that of a Confluent API.",
        "Correct it; Apicurio's ends in `/apis/ccompat/v7`.",
    )
    REGISTRY_REFUSED = (
        "RegistryRefused",
        "False",
        "The registry rejects the request, for no reason listed here.",
        "Read the message.",
    )
    SUBJECT_FAILED = (
        "SubjectFailed",
        "False",
        "The registry fails on this subject while it serves others: with an error of its own, or with no response.",
        "Read the message. Most often the schema does it, such as a `$ref` that leads nowhere: correct it. The operator"
        " tries again about every half minute.",
    )
    REGISTRY_UNAVAILABLE = (
        "RegistryUnavailable",
        "Unknown",
        "The registry does not respond. Topics are reconciled meanwhile.",
        "Nothing here: the operator retries at a growing interval of at most 15 s.",
    )
