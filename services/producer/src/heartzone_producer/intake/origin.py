"""The part of a request that its records get beside its body: its idempotency key, and its trace."""

from msgspec import Struct

from heartzone.trace_context import TraceHeaders


class Origin(Struct, frozen=True):
    """Of one record; without a key it gets one of ours."""

    idempotency_key: bytes | None = None
    trace: TraceHeaders = ()

    def item(self, index: int) -> "Origin":
        """Of an item of a batch."""
        key = b"%b/%d" % (self.idempotency_key, index) if self.idempotency_key is not None else None
        return Origin(key, self.trace)
