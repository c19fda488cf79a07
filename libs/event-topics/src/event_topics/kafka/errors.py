"""Mapping of Kafka's errors to reasons, and of those that pass by themselves to "unavailable"."""

from confluent_kafka import KafkaError

from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason

_REASONS = {
    KafkaError._AUTHENTICATION: FailureReason.KAFKA_UNAUTHENTICATED,
    KafkaError.INVALID_CONFIG: FailureReason.INVALID_CONFIG,
    KafkaError.INVALID_REPLICATION_FACTOR: FailureReason.INVALID_REPLICAS,
    KafkaError.INVALID_PARTITIONS: FailureReason.INVALID_PARTITIONS,
    KafkaError.TOPIC_EXCEPTION: FailureReason.INVALID_TOPIC_NAME,
    KafkaError.TOPIC_ALREADY_EXISTS: FailureReason.TOPIC_ALREADY_EXISTS,
    KafkaError.UNKNOWN_TOPIC_OR_PART: FailureReason.TOPIC_NOT_FOUND,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: FailureReason.KAFKA_UNAUTHORIZED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: FailureReason.KAFKA_UNAUTHORIZED,
    KafkaError.POLICY_VIOLATION: FailureReason.POLICY_VIOLATION,
    KafkaError.THROTTLING_QUOTA_EXCEEDED: FailureReason.TOPIC_FAILED,
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
    }
)


def failure_of(error: KafkaError) -> Failure:
    """Turn the broker's or the client's error into a reason and a sentence with its words."""
    code, words = error.code(), error.str().rstrip(".")
    if code in _TRANSIENT:
        return Failure(FailureReason.KAFKA_UNAVAILABLE, f"Kafka did not respond: {words}.")
    return Failure(_REASONS.get(code, FailureReason.KAFKA_ERROR), f"Kafka says: {words} ({error.name()}).")


def missing_acl(operation: str, topic: str) -> Failure:
    """Return a failure that names the missing ACL: the broker only says that one is missing."""
    return Failure(
        FailureReason.KAFKA_UNAUTHORIZED,
        f"This user lacks {operation} on the topic {topic!r}: add an ACL that allows {operation} on this topic, "
        "or on a prefix of its name.",
    )
