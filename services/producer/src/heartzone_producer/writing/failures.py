"""Why a record was not acknowledged, and what librdkafka's codes mean for the person who reads it."""

import re

from confluent_kafka import KafkaError


class NotAcknowledged(Exception):
    """A record was not acknowledged; the text says why, in one clause.

    ├── Unavailable     trying again later may help; ``reason`` is a constant for metrics
    └── RecordTooLarge  this record will never fit
    """


class Unavailable(NotAcknowledged):
    """Broker or registry are away, or the queue to the broker is full."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class RecordTooLarge(NotAcknowledged):
    """Larger than this client, the broker or the topic takes."""


_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})

# librdkafka tells how many milliseconds it was in which state: noise for people, and never twice the same.
_STATE = re.compile(r" \(after \d+ms in state \w+[^)]*\)")


def not_acknowledged(error: KafkaError) -> NotAcknowledged:
    """What a delivery report's error means for the request that waits for it."""
    if error.code() in _TOO_LARGE:
        return RecordTooLarge("the record is larger than the topic takes")
    return Unavailable("broker_away", describe(error))


def describe(error: KafkaError) -> str:
    """One clause for people: without secrets (librdkafka's texts have none) and without what varies each time."""
    text = _STATE.sub("", error.str())
    match error.code():
        case KafkaError._AUTHENTICATION | KafkaError.SASL_AUTHENTICATION_FAILED:
            return f"the broker refused the credentials ({text})"
        case KafkaError._SSL:
            return f"the TLS connection to the broker failed ({text})"
        case KafkaError.TOPIC_AUTHORIZATION_FAILED | KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            return f"the broker does not permit it ({text})"
        case KafkaError._MSG_TIMED_OUT | KafkaError._PURGE_QUEUE | KafkaError._PURGE_INFLIGHT:
            return "the broker did not acknowledge the record in time"
        case _:
            return f"the broker cannot be written to ({text})"
