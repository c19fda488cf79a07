"""``POST /biometrics/batch``: many messages, each accepted or rejected on its own."""

import asyncio
from collections.abc import Iterable

import msgspec
from starlette.types import Receive, Scope, Send

from heartzone.violations import Violation
from heartzone_producer.api.authentication import ForbiddenDeviceError, check_device, sender
from heartzone_producer.api.batch_outcome import BatchOutcome
from heartzone_producer.api.bodies import JSON, NDJSON, BodyReader
from heartzone_producer.api.body_limits import BodyLimits
from heartzone_producer.api.idempotency import KnownRequests
from heartzone_producer.api.origins import origin_of
from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.api.responses import send_json
from heartzone_producer.intake.batches import elements, lines
from heartzone_producer.intake.biometrics import accept
from heartzone_producer.intake.errors import InvalidBodyError
from heartzone_producer.intake.origin import Origin
from heartzone_producer.writing.delivery import Delivery
from heartzone_producer.writing.errors import NotAcknowledgedError, UnavailableError
from heartzone_producer.writing.waiting import Acknowledgement

MAX_ITEMS = 10_000
"""Messages of a batch at most: a megabyte holds half a million that are not even objects."""

ITEMS_PER_TURN = 200
"""Items that are read before other requests get their turn: a few milliseconds."""


class PostBatch:
    """The endpoint, as an ASGI application of its own."""

    def __init__(self, delivery: Delivery, requests: KnownRequests, *, limits: BodyLimits) -> None:
        self._delivery = delivery
        self._requests = requests
        self._bodies = BodyReader(limits, JSON, NDJSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with 202 when every item was stored, 207 when some were not."""
        origin = origin_of(scope)
        media_type, body = await self._bodies.read(scope, receive)
        items = lines(body) if media_type == NDJSON else elements(body)
        key = origin.idempotency_key
        if key is None:
            outcome = await self._store(scope, items, origin)
            return await send_json(send, outcome.status, msgspec.json.encode(outcome))
        with self._requests.begin(b"batch", sender(scope), key, payload=body) as request:
            if request.accepted is not None:
                return await send_json(send, 202, request.accepted)
            outcome = await self._store(scope, items, origin)
            response = msgspec.json.encode(outcome)
            if outcome.status == 202:
                request.accepted = response
        return await send_json(send, outcome.status, response)

    async def _store(self, scope: Scope, items: Iterable[bytes], origin: Origin) -> BatchOutcome:
        """Write all items, then wait for all of them.

        Raises:
            ProblemError: there are too many items, or none.
            UnavailableError: nothing was stored, and some of it would be later.
        """
        outcome = BatchOutcome()
        waiting: list[tuple[int, Acknowledgement]] = []
        missed: UnavailableError | None = None
        counted = list(_at_most(MAX_ITEMS, items))
        for index, item in enumerate(counted):
            if index % ITEMS_PER_TURN == ITEMS_PER_TURN - 1:
                await asyncio.sleep(0)
            try:
                accepted = accept(item, "item")
                check_device(scope, accepted.device_id)
                waiting.append((index, self._delivery.biometrics(accepted, origin.item(index))))
            except (InvalidBodyError, ForbiddenDeviceError) as error:
                outcome.reject(index, error)
            except NotAcknowledgedError as error:
                outcome.reject(index, error)
                missed = error if isinstance(error, UnavailableError) else missed
        for index, acknowledgement in waiting:
            try:
                await acknowledgement
                outcome.accepted += 1
            except NotAcknowledgedError as error:
                outcome.reject(index, error)
                missed = error if isinstance(error, UnavailableError) else missed
        if missed is not None and not outcome.accepted:
            raise missed
        outcome.complete()
        return outcome


def _at_most(limit: int, items: Iterable[bytes]) -> Iterable[bytes]:
    count = 0
    for count, item in enumerate(items, start=1):
        if count > limit:
            raise ProblemError(ProblemKind.TOO_LARGE, f"The batch has more than {limit} messages; send it in parts.")
        yield item
    if not count:
        detail = "the batch is empty; at least one message was expected"
        raise ProblemError(ProblemKind.INVALID_MESSAGE, detail, violations=[Violation("", detail)])
