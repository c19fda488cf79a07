"""Credentials, operations and values that brokers do not allow: the sentences say what to grant or set."""

from confluent_kafka import KafkaError

from exactly_once.config import ConsumerConfig, WorkerConfig
from exactly_once.errors import AuthenticationError, AuthorizationError, ConfigurationError

READ_DENIED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)
WRITE_DENIED = (
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)


def not_authorized_to_read(config: ConsumerConfig, error: KafkaError) -> AuthorizationError:
    """The error for one of ``READ_DENIED``."""
    return AuthorizationError(
        f"not authorized to read: {error.str()}; grant Read and Describe on topics {', '.join(config.input_topics)}"
        f" and Read on group {config.group_id}"
    )


def check_allowed(config: WorkerConfig, error: KafkaError) -> None:
    """Raise AuthorizationError for one of ``WRITE_DENIED``, ConfigurationError for a timeout that is too long."""
    if error.code() in WRITE_DENIED:
        raise AuthorizationError(
            f"not authorized to write: {error.str()}; grant Write and Describe on transactional id"
            f" {config.transactional_id} and on every topic that is written, and Read on group {config.group_id}"
        )
    if error.code() == KafkaError.INVALID_TRANSACTION_TIMEOUT:
        raise ConfigurationError(
            f"transaction_timeout is {config.transaction_timeout:g} s; the brokers allow less, see"
            " transaction.max.timeout.ms there"
        )


def check_credentials(rejected: str | None, *, worked: bool) -> None:
    """Raise AuthenticationError for credentials that were rejected (with this text) and have never worked.

    Later they are waited for: while credentials are changed, right ones are rejected, too.
    """
    if rejected is not None and not worked:
        raise AuthenticationError(rejected)
