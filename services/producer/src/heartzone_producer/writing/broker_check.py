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


def check_broker(writer: RecordWriter, topics: Sequence[str], *, through: RecordWriter | None = None) -> str | None:
    """Why records cannot be written now, or None when they can.

    Asked through the connections of another writer, if given: those of a busy one may be full of records that wait for
    replicas, and librdkafka sends no other request before one of them is acknowledged (``max.in.flight``).

    A broker that responds to this too late is not unavailable for that: a cluster with very many topics, or a busy one,
    may acknowledge records all the while.
    """
    began = monotonic()
    try:
        found = _topics(through or writer)
    except KafkaException as failure:
        if writer.acknowledged_at > began:
            return None
        cause = writer.connection_failure
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
    """All topics, because asking for one would create it.

    librdkafka asks any broker that it is connected to. One that responds too late, or ends while it is asked, says
    nothing about the others; without any connection librdkafka waits for one until the time is up.
    """
    began = monotonic()
    try:
        return writer.topics(timeout=METADATA_TIMEOUT)
    except KafkaException as failure:
        ended = failure.args[0].code() == KafkaError._TRANSPORT and monotonic() - began < METADATA_TIMEOUT / 2
        if failure.args[0].code() != KafkaError._TIMED_OUT and not ended:
            raise
    return writer.topics(timeout=METADATA_TIMEOUT)
