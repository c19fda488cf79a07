"""Which of Kafka's errors is which reason, and which go away by themselves."""

from confluent_kafka import KafkaError

from event_topics.failures import Failure

_REASONS = {
    KafkaError._AUTHENTICATION: "KafkaUnauthenticated",
    KafkaError.INVALID_CONFIG: "InvalidConfig",
    KafkaError.INVALID_REPLICATION_FACTOR: "InvalidReplicas",
    KafkaError.INVALID_PARTITIONS: "InvalidPartitions",
    KafkaError.TOPIC_EXCEPTION: "InvalidTopicName",
    KafkaError.TOPIC_ALREADY_EXISTS: "TopicAlreadyExists",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "TopicNotFound",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "KafkaUnauthorized",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "KafkaUnauthorized",
    KafkaError.POLICY_VIOLATION: "PolicyViolation",
}
_TRANSIENT = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._SSL,
        KafkaError._RESOLVE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NOT_CONTROLLER,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
    }
)


def failure_of(error: KafkaError) -> Failure:
    """Turn the broker's or the client's error into a reason and a sentence with its words."""
    code, words = error.code(), error.str().rstrip(".")
    if code in _TRANSIENT:
        return Failure("KafkaUnavailable", f"Kafka did not answer: {words}.", transient=True)
    return Failure(_REASONS.get(code, "KafkaError"), f"Kafka says: {words} ({error.name()}).")


def missing_right(operation: str, topic: str) -> Failure:
    """Say which ACL is missing: the broker only says that one is."""
    return Failure(
        "KafkaUnauthorized",
        f"Kafka refuses {operation} on the topic {topic!r} to this user: add an ACL that allows {operation} on this "
        "topic, or on a prefix of its name.",
    )
