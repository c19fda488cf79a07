"""Check that the broker can be written to."""

from collections.abc import Mapping, Sequence
from time import monotonic

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import TopicMetadata

from heartzone_producer.writing.errors import describe
from heartzone_producer.writing.record_writer import RecordWriter

METADATA_TIMEOUT = 2.0
"""Seconds for one broker to respond; the API promises its own responses within five."""

# What says more than "no response": the cause of a connection that fails.
_CAUSES = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._RESOLVE})


def check_broker(writer: RecordWriter, topics: Sequence[str]) -> str | None:
    """Why records cannot be written now, or None when they can.

    A broker that responds to this too late is not unavailable for that: a cluster with very many topics, or a busy one,
    may acknowledge records all the while.
    """
    began = monotonic()
    try:
        found = _topics(writer)
    except KafkaException as failure:
        if writer.acknowledged_at > began:
            return None
        cause = writer.last_error
        if cause is not None and cause.code() in _CAUSES:
            return describe(cause)
        return f"the broker cannot be reached ({failure.args[0].str()})"
    missing = [topic for topic in topics if topic not in found]
    if missing:
        # Brokers show a topic to nobody who has no right to it.
        return (
            f"topic {missing[0]} does not exist, or no ACL lets this user see it; create it with"
            " `heartzone topics apply`, or grant Write on it"
        )
    return None


def _topics(writer: RecordWriter) -> Mapping[str, TopicMetadata]:
    """All topics, because asking for one would create it."""
    try:
        return writer.topics(timeout=METADATA_TIMEOUT)
    except KafkaException as failure:
        if failure.args[0].code() != KafkaError._TIMED_OUT:
            raise
    # Connected, only slow: without a connection it is _TRANSPORT. librdkafka asks any broker; the next may be quicker.
    return writer.topics(timeout=METADATA_TIMEOUT)
