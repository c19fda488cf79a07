"""``POST /biometrics/batch``: many messages, each accepted or refused on its own."""

import asyncio
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from heartzone_producer.api.answers import send_json
from heartzone_producer.api.bodies import JSON, NDJSON, BodyReader
from heartzone_producer.api.problems import INVALID, TOO_LARGE, Problem
from heartzone_producer.intake.batches import elements, lines
from heartzone_producer.intake.biometrics import accept
from heartzone_producer.intake.refusals import MOST_ERRORS, BodyRefused, FieldError
from heartzone_producer.writing.delivery import Delivery
from heartzone_producer.writing.failures import NotAcknowledged, Unavailable
from heartzone_producer.writing.record_writer import Acknowledgement

MOST_ITEMS = 10_000
"""Messages of a batch at most: a megabyte holds half a million that are not even objects."""

ITEMS_AT_A_TIME = 200
"""Items that are read before other requests get their turn: a few milliseconds."""


class ItemError(Struct, frozen=True):
    """One thing that is wrong with the item at ``index``, counted from 0."""

    index: int
    pointer: str
    detail: str


class BatchOutcome(Struct):
    """What became of a batch; ``errors`` are the first MOST_ERRORS."""

    accepted: int = 0
    refused: int = 0
    errors: list[ItemError] = []

    def refuse(self, index: int, errors: Iterable[FieldError]) -> None:
        """Count an item as not stored, and say why as long as there is room."""
        self.refused += 1
        for error in errors:
            if len(self.errors) < MOST_ERRORS:
                self.errors.append(ItemError(index, error.pointer, error.detail))


class PostBatch:
    """The endpoint, as an ASGI application of its own."""

    def __init__(self, delivery: Delivery, *, body_limit: int) -> None:
        self._delivery = delivery
        self._bodies = BodyReader(body_limit, JSON, NDJSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 202 when every item was stored, 207 when some were not."""
        media_type, body = await self._bodies.read(scope, receive)
        outcome = await self._store(lines(body) if media_type == NDJSON else elements(body))
        await send_json(send, 207 if outcome.refused else 202, msgspec.json.encode(outcome))

    async def _store(self, items: Iterable[bytes]) -> BatchOutcome:
        """Write all items, then wait for all of them.

        Raises:
            Problem: there are too many items, or none.
            Unavailable: nothing was stored, and some of it would be later.
        """
        outcome = BatchOutcome()
        waiting: list[tuple[int, Acknowledgement]] = []
        missed: Unavailable | None = None
        counted = list(_at_most(MOST_ITEMS, items))
        for index, item in enumerate(counted):
            if index % ITEMS_AT_A_TIME == ITEMS_AT_A_TIME - 1:
                await asyncio.sleep(0)
            try:
                waiting.append((index, self._delivery.biometrics(accept(item, "item"))))
            except BodyRefused as error:
                outcome.refuse(index, error.errors)
            except NotAcknowledged as error:
                outcome.refuse(index, [FieldError("", str(error))])
                missed = error if isinstance(error, Unavailable) else missed
        for index, acknowledgement in waiting:
            try:
                await acknowledgement
                outcome.accepted += 1
            except NotAcknowledged as error:
                outcome.refuse(index, [FieldError("", str(error))])
                missed = error if isinstance(error, Unavailable) else missed
        if missed is not None and not outcome.accepted:
            raise missed
        outcome.errors.sort(key=lambda error: error.index)
        return outcome


def _at_most(most: int, items: Iterable[bytes]) -> Iterable[bytes]:
    count = 0
    for count, item in enumerate(items, start=1):
        if count > most:
            raise Problem(TOO_LARGE, f"The batch has more than {most} messages; send it in parts.")
        yield item
    if not count:
        detail = "the batch is empty; at least one message was expected"
        raise Problem(INVALID, detail, errors=[FieldError("", detail)])
