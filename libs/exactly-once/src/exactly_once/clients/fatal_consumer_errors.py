"""The reaction to a fatal error of a consumer.

librdkafka gives it as a message whose code is ``_FATAL`` and whose text alone says which error it is.
"""

from confluent_kafka import KafkaError

from exactly_once.clients.authorization import not_authorized_to_read
from exactly_once.config import ConsumerConfig
from exactly_once.core.reasons import kafka_error_name
from exactly_once.core.signals import ConsumerLost
from exactly_once.errors import ConfigurationError, FencedError

_DENIED = (KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED)
# Codes of Kafka's protocol for which the configuration is to blame: INCONSISTENT_GROUP_PROTOCOL, INVALID_GROUP_ID,
# INVALID_SESSION_TIMEOUT, GROUP_MAX_SIZE_REACHED, UNSUPPORTED_VERSION, INVALID_REQUEST, UNSUPPORTED_ASSIGNOR.
_MISCONFIGURED = (23, 24, 26, 81, 35, 42, 112)
# The old member, when another joins with its group.instance.id. A new member that must wait for the old one's session
# to end (UNRELEASED_INSTANCE_ID) is not among them: a later try succeeds.
_FENCED = KafkaError.FENCED_INSTANCE_ID


def fatal_consumer_error(config: ConsumerConfig, error: KafkaError) -> ConsumerLost:
    """The signal to replace the consumer, where another may get over the error.

    Raises:
        AuthorizationError, ConfigurationError, FencedError: no other would.
    """
    text = error.str()

    def is_any(*codes: int) -> bool:
        return any(error.code() == code or KafkaError(code).str() in text for code in codes)

    if is_any(*_DENIED):
        raise not_authorized_to_read(config, error)
    if is_any(*_MISCONFIGURED):
        raise ConfigurationError(f"the group {config.group_id} does not take this consumer: {text}")
    if is_any(_FENCED):
        raise FencedError(f"another process uses the consumer's group.instance.id: {text}; give each replica its own")
    return ConsumerLost(kafka_error_name(error.name()))
