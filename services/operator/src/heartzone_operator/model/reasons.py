"""Reasons of conditions that only the operator gives, beside the reasons of failures of `event_topics`."""

from event_topics.model import Reason


class ConditionReason(Reason):
    """Reasons of a condition that no failure of Kafka, the registry or the spec explains."""

    READY = "Ready", "True", "Topic and schemas are as the spec asks.", "Use them."
    IN_SYNC = "InSync", "True", "The topic is as the spec asks.", "Nothing."
    REGISTERED = "Registered", "True", "The latest version of each subject is the spec's schema.", "Nothing."
    NO_SCHEMA = "NoSchema", "True", "The spec has no schema.", "Nothing."
    INVALID_RESOURCE = (
        "InvalidResource",
        "False",
        "A field is invalid, though the API server accepted it: most often an older definition did.",
        "Correct the field that the message names.",
    )
    INTERNAL_ERROR = (
        "InternalError",
        "False",
        "The operator itself failed on the resource; the others are reconciled.",
        "Report the line `reconcile_failed` of its log. It tries again with every resync.",
    )
    NAMESPACE_UNREADABLE = (
        "NamespaceUnreadable",
        "Unknown",
        "The API server does not let the operator list the EventTopics of this namespace; it serves the others.",
        "Give the operator's account the rights in this namespace that the message names. It tries again by itself.",
    )
    TOPIC_NOT_ADOPTED = (
        "TopicNotAdopted",
        "False",
        "The topic exists, and this resource has neither made nor adopted it. Neither it nor its subjects are changed.",
        'Set the annotation `heartzone.dev/adopt: "true"`, or describe another topic in a new resource.',
    )
    TOPIC_NOT_ALLOWED = (
        "TopicNotAllowed",
        "False",
        "`HEARTZONE_TOPIC_PREFIXES` does not let resources of this namespace describe the topic.",
        "Describe a topic whose name starts with a prefix that the message names in a new resource.",
    )
    FINALIZER_REFUSED = (
        "FinalizerRefused",
        "False",
        "The API server rejects the finalizer of `deletionPolicy: Delete`; the message quotes it.",
        "Give the operator's account the right that the message names, or change the admission rule that it names.",
    )
    PAUSED = (
        "Paused",
        "Unknown",
        'The annotation `heartzone.dev/pause: "true"` was set before the resource was first reconciled.',
        "Remove the annotation.",
    )
    PAUSE_REQUESTED = (
        "PauseRequested",
        "True",
        'The annotation `heartzone.dev/pause: "true"` excludes the resource: `ReconciliationPaused`.',
        "Remove the annotation when changes are to be made again.",
    )
    DELETED = (
        "Deleted",
        "False",
        "The topic is deleted, and its subjects are about to be.",
        "See the message of `SchemaReady`.",
    )
