"""Requests with an ``Idempotency-Key`` that this replica knows: one that is sent again gets the response of the first.

It spares the brokers a record, and the client a wait. The promise does not rest on it: another replica knows nothing of
it, and writes the record again; the zone worker leaves that out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import TypeAlias

from starlette.types import Scope

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind
from heartzone_producer.intake.idempotency_keys import HEADER, InvalidKeyError
from heartzone_producer.intake.origin import Origin, read_origin

MAX_BYTES = 16 * 1024 * 1024
"""Of all responses that are kept; the oldest are dropped."""

OVERHEAD = 400
"""Bytes that a request takes beside its response, by and large."""

Reply: TypeAlias = tuple[int, bytes]
"""Status and body."""


@dataclass(slots=True)
class _Known:
    payload: bytes
    since: float
    in_progress: bool = True
    reply: Reply | None = None

    @property
    def size(self) -> int:
        return OVERHEAD + (len(self.reply[1]) if self.reply is not None else 0)


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
    """Requests of the last ``window`` seconds, as many as fit into ``max_bytes``.

    It belongs to the event loop's thread.
    """

    def __init__(self, *, window: float, max_bytes: int = MAX_BYTES) -> None:
        self._window = window
        self._max_bytes = max_bytes
        self._known: dict[bytes, _Known] = {}
        self._size = 0

    def __len__(self) -> int:
        """How many requests are known."""
        return len(self._known)

    async def respond(self, *name: bytes, payload: bytes, handle: Callable[[], Awaitable[Reply]]) -> Reply:
        """The reply of the first request of this name, by ``handle`` where it is the first.

        Only a 202 is kept: after anything else the client is to send again, and it is handled again.

        Raises:
            ProblemError: 409 while the first is in progress, 422 for another payload.
        """
        now = monotonic()
        self._drop(now)
        identity, digest = _digest(*name), _digest(payload)
        known = self._known.get(identity)
        if known is not None:
            if known.payload != digest:
                raise ProblemError(
                    ProblemKind.IDEMPOTENCY_KEY_REUSED,
                    f"The {HEADER} was used for another request, within the last {self._window:g} s; send this one"
                    " with a key of its own.",
                )
            if known.in_progress:
                raise ProblemError(
                    ProblemKind.REQUEST_IN_PROGRESS,
                    f"A request with this {HEADER} is being handled. Send this one again later.",
                    headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                )
            if known.reply is not None:
                return known.reply
            self._forget(identity)
        known = self._known[identity] = _Known(digest, now)
        self._size += known.size
        try:
            reply = await handle()
        finally:
            known.in_progress = False
        if reply[0] == 202:
            if self._known.get(identity) is known:
                self._size += len(reply[1])
            known.reply = reply
        return reply

    def _drop(self, now: float) -> None:
        """Forget what is too old or too much, oldest first."""
        while self._known:
            identity, oldest = next(iter(self._known.items()))
            if now - oldest.since < self._window and self._size <= self._max_bytes:
                return
            self._forget(identity)

    def _forget(self, identity: bytes) -> None:
        self._size -= self._known.pop(identity).size


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"\0".join(parts), digest_size=16).digest()
