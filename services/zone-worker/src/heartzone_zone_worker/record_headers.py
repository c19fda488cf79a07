"""Headers of a record: the key by which duplicates are recognised, and the trace that it belongs to."""

from exactly_once import InputRecord
from heartzone.trace_context import TRACEPARENT, TRACESTATE, TraceHeaders, trace_headers
from heartzone.wire import IDEMPOTENCY_KEY_HEADER


def idempotency_key(record: InputRecord) -> bytes | None:
    """The key of a record, of the request or an item of its batch, None for one without.

    With the device, because clients choose their keys each for itself.
    """
    for name, value in record.headers() or ():
        if name == IDEMPOTENCY_KEY_HEADER and value:
            return b"\0".join((record.key() or b"", value))
    return None


def trace_of(record: InputRecord) -> TraceHeaders:
    """The trace of a record, to be passed on with what it gives."""
    headers = dict(record.headers() or ())
    return trace_headers(headers.get(TRACEPARENT), headers.get(TRACESTATE))
