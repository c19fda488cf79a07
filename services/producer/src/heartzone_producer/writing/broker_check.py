"""Whether the broker can be written to."""

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException

from heartzone_producer.writing.failures import describe
from heartzone_producer.writing.record_writer import RecordWriter

ANSWER_SECONDS = 2.0

# What says more than "no answer": the cause of a connection that fails.
_CAUSES = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._RESOLVE})


def check_broker(writer: RecordWriter, topics: Sequence[str]) -> str | None:
    """Why records cannot be written now, or None when they can."""
    try:
        # All topics, because asking for one would create it.
        found = writer.topics(timeout=ANSWER_SECONDS)
    except KafkaException as failure:
        cause = writer.last_error
        if cause is not None and cause.code() in _CAUSES:
            return describe(cause)
        return f"the broker cannot be reached ({failure.args[0].str()})"
    missing = [topic for topic in topics if topic not in found]
    if missing:
        return f"topic {missing[0]} does not exist; create it with `heartzone topics apply`"
    return None
