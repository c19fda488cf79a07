"""Errors of records that were not acknowledged, and what librdkafka's codes mean for the person who reads them."""

import re

from confluent_kafka import KafkaError

from heartzone_producer.rejections import ServiceUnavailableReason


class NotAcknowledgedError(Exception):
    """A record was not acknowledged; the text says why, in one clause.

    ├── UnavailableError     sending it again later may help
    └── RecordTooLargeError  this record will never fit
    """


class UnavailableError(NotAcknowledgedError):
    """Broker or registry are unavailable, or the queue to the broker is full."""

    def __init__(self, reason: ServiceUnavailableReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class RecordTooLargeError(NotAcknowledgedError):
    """Larger than this client, the broker or the topic accepts."""


NOT_IN_TIME = "the broker did not acknowledge the record in time; it is stored once or not at all"

_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})

# librdkafka says how many milliseconds it was in which state: noise for people, and never twice the same.
_STATE = re.compile(r" \(after \d+ms in state \w+[^)]*\)")


def not_acknowledged(error: KafkaError) -> NotAcknowledgedError:
    """The error for the request that waits for a record, by the error of its delivery report."""
    if error.code() in _TOO_LARGE:
        return RecordTooLargeError("the record is larger than the topic accepts")
    return UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, describe(error))


def describe(error: KafkaError) -> str:
    """One clause for people: without secrets (librdkafka's texts have none) and without what varies each time."""
    text = _STATE.sub("", error.str())
    match error.code():
        case KafkaError._AUTHENTICATION | KafkaError.SASL_AUTHENTICATION_FAILED:
            return f"the broker rejected the credentials ({text})"
        case KafkaError._SSL:
            return f"the TLS connection to the broker failed ({text})"
        case KafkaError.TOPIC_AUTHORIZATION_FAILED | KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            return f"the broker does not authorize it ({text})"
        case KafkaError._MSG_TIMED_OUT | KafkaError._PURGE_QUEUE | KafkaError._PURGE_INFLIGHT:
            return NOT_IN_TIME
        case _:
            return f"the broker cannot be written to ({text})"
