"""Every reason that a condition can have, with what it means and what to do: the table of docs/eventtopic.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`status` is what the condition says with it."""

    status: str
    meaning: str
    remedy: str


REASONS = {
    "Ready": Reason("True", "Topic and schemas are as the spec asks for.", "Use them."),
    "InSync": Reason("True", "The topic is as the spec asks for.", "Nothing."),
    "Registered": Reason("True", "The latest version of each subject is the spec's schema.", "Nothing."),
    "NoSchema": Reason("True", "The spec names no schema.", "Nothing."),
    "FewerPartitions": Reason(
        "False",
        "The topic has more partitions than `spec.partitions`. Kafka cannot take any away.",
        "Set `spec.partitions` to the number that the message names, or move to a new topic.",
    ),
    "ReplicasChanged": Reason(
        "False",
        "The topic has another number of replicas than `spec.replicas`.",
        "Move the partitions with kafka-reassign-partitions or Cruise Control, or set `spec.replicas` to theirs.",
    ),
    "ResourceConflict": Reason(
        "False",
        "An older EventTopic describes the same topic and keeps it.",
        "Remove one of the two. The younger takes over when the older goes.",
    ),
    "InvalidResource": Reason(
        "False",
        "A field is not as it must be, though the API server let it in: most often an older definition did.",
        "Correct the field that the message names.",
    ),
    "InternalError": Reason(
        "False",
        "The operator itself failed on the resource; the others are served.",
        "Report the line `reconcile_failed` of its log. With every resync it looks again.",
    ),
    "InvalidConfig": Reason(
        "False",
        "The broker does not know a key of `spec.config`, or does not take its value. None of the keys is changed.",
        "Correct the key or value; the message has the broker's words.",
    ),
    "InvalidReplicas": Reason(
        "False",
        "`spec.replicas` is more than there are brokers.",
        "Lower it, or leave it out: the broker then decides.",
    ),
    "InvalidPartitions": Reason("False", "The broker does not take the number of partitions.", "Read the message."),
    "InvalidTopicName": Reason(
        "False",
        "The broker does not take the name: most often another topic's name differs only in dots and underscores.",
        "Describe a topic of another name in a new resource.",
    ),
    "PolicyViolation": Reason(
        "False", "A policy of the Kafka cluster forbids it.", "Read the policy's words in the message."
    ),
    "KafkaUnauthorized": Reason(
        "False", "An ACL is missing. The message names the operation and the topic.", "Add the ACL."
    ),
    "KafkaUnauthenticated": Reason(
        "False", "Kafka does not know the operator's user.", "Check the operator's `HEARTZONE_KAFKA_…` settings."
    ),
    "KafkaError": Reason("False", "Kafka refuses it, for no reason listed here.", "Read the message."),
    "InvalidSchema": Reason(
        "False",
        "The schema is not JSON, not a JSON Schema, or the registry cannot read it. It is not registered.",
        "Correct the schema. The topic is looked after all the same.",
    ),
    "IncompatibleSchema": Reason(
        "False",
        "The registry says that readers of the old version could not read the new one, or the reverse.",
        "Change the schema, or `compatibility`. The old version stays the latest until then.",
    ),
    "InvalidCompatibility": Reason("False", "The registry does not take the compatibility level.", "Use another."),
    "SchemaTypeChanged": Reason(
        "False", "The subject holds a schema in another language.", "Keep `type`, or use a new topic."
    ),
    "SchemaSuperseded": Reason(
        "False",
        "The schema is an older version of the subject: somebody has registered another one since.",
        "Take the newer schema over into the resource, or make this one differ.",
    ),
    "ConfigMapNotFound": Reason(
        "False", "`schemaFrom` names a ConfigMap that is not there.", "Add it: the operator watches for it."
    ),
    "ConfigMapKeyNotFound": Reason(
        "False", "The ConfigMap of `schemaFrom` lacks the key.", "Add the key, or name one that the message lists."
    ),
    "ConfigMapUnreadable": Reason(
        "False",
        "The API server does not let the operator read the ConfigMap of `schemaFrom`; the message has its words.",
        "Give the operator's account the right that the message names.",
    ),
    "FinalizerRefused": Reason(
        "False",
        "The API server does not take the finalizer of `deletionPolicy: Delete`; the message has its words.",
        "Give the operator's account the right that the message names, or see to the admission rule that it names.",
    ),
    "RegistryUnauthorized": Reason(
        "False",
        "The registry refuses the operator's user.",
        "Check the operator's `HEARTZONE_SCHEMA_REGISTRY_…` settings, and the user's rights.",
    ),
    "RegistryUntrusted": Reason(
        "False",
        "The registry's certificate is not signed by an authority that the operator trusts.",
        "Check the operator's `HEARTZONE_SCHEMA_REGISTRY_SSL_CA_LOCATION`.",
    ),
    "RegistryNotFound": Reason(
        "False",
        "The operator's registry address is not that of a Confluent API.",
        "Correct it; Apicurio's ends in `/apis/ccompat/v7`.",
    ),
    "RegistryRefused": Reason("False", "The registry refuses it, for no reason listed here.", "Read the message."),
    "KafkaUnavailable": Reason(
        "Unknown",
        "Kafka does not answer. Schemas are looked after meanwhile.",
        "Nothing here: the operator asks again after a while that grows up to 15 s.",
    ),
    "RegistryUnavailable": Reason(
        "Unknown",
        "The registry does not answer. Topics are looked after meanwhile.",
        "Nothing here: the operator asks again after a while that grows up to 15 s.",
    ),
    "Paused": Reason(
        "Unknown",
        'The annotation `heartzone.dev/pause: "true"` was there before the resource was first looked at.',
        "Remove the annotation.",
    ),
    "Deleted": Reason(
        "False", "The topic is deleted, and its subjects are about to be.", "See the message of `SchemaReady`."
    ),
}
