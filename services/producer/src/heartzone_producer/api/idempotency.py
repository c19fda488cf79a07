"""Requests with an ``Idempotency-Key`` that this replica knows: one that is sent again gets the response of the first.

It spares the brokers a record, and the client a wait. The promise does not rest on it: another replica knows nothing of
it, and writes the record again; the zone worker leaves that out.
"""

from time import monotonic
from types import TracebackType

from msgspec import Struct

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind
from heartzone_producer.intake.idempotency_keys import HEADER

MAX_REQUESTS = 16_000
"""Of each of two dictionaries: about 10 MB. Beyond that the oldest are forgotten early."""

FOLLOWS_FROM_REQUEST = b""
"""Kept in place of a response that need not be kept."""


class KnownRequest(Struct, gc=False):
    """A request that is handled within its block, unless it was before.

    Tens of thousands are kept: one that the garbage collector looks at would cost every request.
    """

    payload: int
    since: float
    in_progress: bool = True
    accepted: bytes | None = None
    """The body of the 202 with which it was accepted. After any other response it is handled again."""

    def __enter__(self) -> "KnownRequest":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.in_progress = False


class KnownRequests:
    """Requests of the last ``window`` seconds, as long as there are no more than ``max_requests`` of them.

    Kept in two dictionaries, of which the older is dropped as a whole: that costs a request nothing. It belongs to the
    event loop's thread.
    """

    def __init__(self, *, window: float, max_requests: int = MAX_REQUESTS) -> None:
        self._window = window
        self._max_requests = max_requests
        self._young: dict[bytes, KnownRequest] = {}
        self._old: dict[bytes, KnownRequest] = {}
        self._turned_at = monotonic()

    def __len__(self) -> int:
        """How many requests are known."""
        return len(self._young) + len(self._old)

    def begin(self, *name: bytes, payload: bytes) -> KnownRequest:
        """The request of this name: one that was accepted already, or one to handle, and to say what became of it.

        Raises:
            ProblemError: 409 while it is being handled, 422 for another payload.
        """
        now = monotonic()
        if now - self._turned_at >= self._window or len(self._young) >= self._max_requests:
            self._old, self._young, self._turned_at = self._young, {}, now
        identity, fingerprint = b"\0".join(name), hash(payload)
        known = self._young.get(identity) or self._old.get(identity)
        if known is not None and now - known.since < self._window:
            self._check(known, fingerprint)
            if known.accepted is not None:
                return known
        known = self._young[identity] = KnownRequest(fingerprint, now)
        return known

    def _check(self, known: KnownRequest, fingerprint: int) -> None:
        if known.payload != fingerprint:
            raise ProblemError(
                ProblemKind.IDEMPOTENCY_KEY_REUSED,
                f"The {HEADER} was used for another request, within the last {self._window:g} s; send this one with a"
                " key of its own.",
            )
        if known.in_progress:
            raise ProblemError(
                ProblemKind.REQUEST_IN_PROGRESS,
                f"A request with this {HEADER} is being handled. Send this one again later.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
