"""The trace that a request belongs to, from header to header (W3C Trace Context): read, never changed."""

import re
from collections.abc import Sequence

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
MAX_STATE_LENGTH = 512
"""Characters of a tracestate that has to be passed on; a longer one is left out as a whole (3.3.1.5)."""

# A later version may have more fields behind these; ff is no version, and ids of zeros are none (3.2.2).
_valid_parent = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?"
).fullmatch
_VERSION_0_LENGTH = 55

TraceHeaders = Sequence[tuple[str, bytes]]


def trace_headers(parent: bytes | None, state: bytes | None) -> TraceHeaders:
    """The headers to be passed on of a ``traceparent`` and a ``tracestate``; none where there is no trace."""
    if parent is None or not is_traceparent(parent):
        return ()
    if not state or len(state) > MAX_STATE_LENGTH:
        return [(TRACEPARENT, parent)]
    return [(TRACEPARENT, parent), (TRACESTATE, state)]


def is_traceparent(value: bytes) -> bool:
    """Whether this is a traceparent that can be followed."""
    return bool(_valid_parent(value)) and (not value.startswith(b"00") or len(value) == _VERSION_0_LENGTH)


def trace_id(headers: TraceHeaders) -> str | None:
    """The id of the trace, for logs."""
    return headers[0][1][3:35].decode() if headers else None
