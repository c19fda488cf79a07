"""``POST /biometrics/raw``: any text, stored as it was sent."""

from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from heartzone.violations import Violation
from heartzone_producer.api.authentication import check_device
from heartzone_producer.api.bodies import BodyReader
from heartzone_producer.api.body_limits import BodyLimits
from heartzone_producer.api.idempotency import FOLLOWS_FROM_REQUEST, KnownRequests
from heartzone_producer.api.origins import origin_of
from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.api.responses import send_json
from heartzone_producer.writing.delivery import Delivery

DEVICE_ID = "deviceId"


class PostRaw:
    """The endpoint, as an ASGI application of its own."""

    def __init__(self, delivery: Delivery, requests: KnownRequests, *, limits: BodyLimits) -> None:
        self._delivery = delivery
        self._requests = requests
        self._bodies = BodyReader(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with 202, the record's key, and the size of its value."""
        device_id = read_device_id(scope["query_string"])
        check_device(scope, device_id, pointer=None)
        origin = origin_of(scope)
        _, body = await self._bodies.read(scope, receive)
        check_text(body)
        key = origin.idempotency_key
        if key is None:
            await self._delivery.raw(body, device_id, origin)
        else:
            with self._requests.begin(b"raw", (device_id or "").encode(), key, payload=body) as request:
                if request.accepted is None:
                    await self._delivery.raw(body, device_id, origin)
                    request.accepted = FOLLOWS_FROM_REQUEST
        await send_json(send, 202, msgspec.json.encode({"deviceId": device_id, "size": len(body)}))


def read_device_id(query: bytes) -> str | None:
    """The device id of a query string; None when there is none or it is empty.

    Raises:
        ProblemError: 400, it is given twice or is not UTF-8.
    """
    try:
        pairs = parse_qsl(query.decode("ascii"), errors="strict")
    except ValueError as error:
        raise ProblemError(
            ProblemKind.MALFORMED, "The query is not percent-encoded UTF-8, which was expected."
        ) from error
    values = [value for name, value in pairs if name == DEVICE_ID]
    if len(values) > 1:
        raise ProblemError(ProblemKind.MALFORMED, f"The query has {DEVICE_ID} {len(values)} times; one was expected.")
    return values[0] if values else None


def check_text(body: bytes) -> None:
    """Return quietly when a body is text.

    Raises:
        ProblemError: 400 when it is not UTF-8, 422 when it is empty.
    """
    if not body:
        detail = "the body is empty; any text was expected"
        raise ProblemError(ProblemKind.INVALID_MESSAGE, detail, violations=[Violation("", detail)])
    try:
        body.decode()
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} of the body is 0x{body[error.start]:02x}, which is not UTF-8; UTF-8 was expected"
        raise ProblemError(ProblemKind.MALFORMED, detail, violations=[Violation("", detail)]) from error
