"""The origin of records in the header fields of their request."""

from starlette.types import Scope

from heartzone.trace_context import TRACEPARENT, TRACESTATE, TraceHeaders, trace_headers
from heartzone_producer.api.header_fields import HeaderFields, header_fields
from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.intake.idempotency_keys import HEADER, InvalidKeyError, idempotency_key
from heartzone_producer.intake.origin import Origin

_KEY, _PARENT, _STATE = HEADER.lower().encode(), TRACEPARENT.encode(), TRACESTATE.encode()
_NONE = Origin()


def trace_of(fields: HeaderFields) -> TraceHeaders:
    """The trace that a request belongs to."""
    parent = fields.get(_PARENT)
    return () if parent is None else trace_headers(parent, fields.get(_STATE))


def origin_of(scope: Scope) -> Origin:
    """The Idempotency-Key and the trace of a request, as far as it has them.

    Raises:
        ProblemError: 400, the key is none.
    """
    fields = header_fields(scope)
    value, trace = fields.get(_KEY), trace_of(fields)
    if value is None:
        return Origin(None, trace) if trace else _NONE
    try:
        return Origin(idempotency_key(value), trace)
    except InvalidKeyError as error:
        raise ProblemError(ProblemKind.MALFORMED, str(error)) from error
