"""The part of a request that its records get beside its body: its idempotency key, and its trace."""

from collections.abc import Collection

from msgspec import Struct

from heartzone.trace_context import TraceHeaders, trace_headers
from heartzone_producer.intake.idempotency_keys import idempotency_key


class Origin(Struct, frozen=True):
    """Of one record; without a key it gets one of ours."""

    idempotency_key: bytes | None = None
    trace: TraceHeaders = ()

    def item(self, index: int) -> "Origin":
        """Of an item of a batch."""
        key = b"%b/%d" % (self.idempotency_key, index) if self.idempotency_key is not None else None
        return Origin(key, self.trace)


def read_origin(headers: Collection[tuple[bytes, bytes]]) -> Origin:
    """The origin in the headers of a request.

    Raises:
        InvalidKeyError: there is an Idempotency-Key that is none.
    """
    return Origin(idempotency_key(headers), trace_headers(headers))
