"""Requests with an ``Idempotency-Key`` that this replica knows: one that is sent again gets the response of the first.

It spares the brokers a record, and the client a wait. The promise does not rest on it: another replica knows nothing of
it, and writes the record again; the zone worker leaves that out.
"""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeAlias

from msgspec import Struct
from starlette.types import Scope

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind
from heartzone_producer.intake.idempotency_keys import HEADER, InvalidKeyError
from heartzone_producer.intake.origin import Origin, read_origin

MAX_REQUESTS = 25_000
"""Of each of two dictionaries: about 15 MB. Beyond that the oldest are forgotten early."""

KEPT = 202
"""The status whose response is kept; after any other the client is to send again, and is handled again."""

Reply: TypeAlias = tuple[int, bytes]
"""Status and body."""


class _Known(Struct, gc=False):
    """Tens of thousands are kept: one that the garbage collector looks at would cost every request."""

    payload: int
    since: float
    in_progress: bool = True
    body: bytes | None = None
    """Of the reply, where that was KEPT; empty where it follows from the request."""


def origin_of(scope: Scope) -> Origin:
    """The Idempotency-Key and the trace of a request, as far as it has them.

    Raises:
        ProblemError: 400, the key is none.
    """
    try:
        return read_origin(scope["headers"])
    except InvalidKeyError as error:
        raise ProblemError(ProblemKind.MALFORMED, str(error)) from error


class KnownRequests:
    """Requests of the last ``window`` seconds, as long as there are no more than ``max_requests`` of them.

    Kept in two dictionaries, of which the older is dropped as a whole: that costs a request nothing. It belongs to the
    event loop's thread.
    """

    def __init__(self, *, window: float, max_requests: int = MAX_REQUESTS) -> None:
        self._window = window
        self._max_requests = max_requests
        self._young: dict[bytes, _Known] = {}
        self._old: dict[bytes, _Known] = {}
        self._turned_at = monotonic()

    def __len__(self) -> int:
        """How many requests are known."""
        return len(self._young) + len(self._old)

    async def respond(
        self, *name: bytes, payload: bytes, handle: Callable[[], Awaitable[Reply]], body: bytes | None = None
    ) -> Reply:
        """The reply of the first request of this name, by ``handle`` where it is the first.

        Only a 202 is kept: after anything else the client is to send again, and it is handled again. Its ``body`` is
        given where it follows from the request, so that it need not be kept.

        Raises:
            ProblemError: 409 while the first is in progress, 422 for another payload.
        """
        now = monotonic()
        if now - self._turned_at >= self._window or len(self._young) >= self._max_requests:
            self._old, self._young, self._turned_at = self._young, {}, now
        identity, fingerprint = b"\0".join(name), hash(payload)
        known = self._young.get(identity) or self._old.get(identity)
        if known is not None and now - known.since < self._window:
            self._check(known, fingerprint)
            if known.body is not None:
                return KEPT, body or known.body
        known = self._young[identity] = _Known(fingerprint, now)
        try:
            reply = await handle()
        finally:
            known.in_progress = False
        if reply[0] == KEPT:
            known.body = reply[1] if body is None else b""
        return reply

    def _check(self, known: _Known, fingerprint: int) -> None:
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
