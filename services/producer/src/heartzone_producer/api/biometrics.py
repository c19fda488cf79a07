"""``POST /biometrics``: one message, acknowledged by the broker before the response."""

from starlette.types import Receive, Scope, Send

from heartzone_producer.api.authentication import check_device
from heartzone_producer.api.bodies import JSON, BodyReader
from heartzone_producer.api.body_limits import BodyLimits
from heartzone_producer.api.idempotency import FOLLOWS_FROM_REQUEST, KnownRequests
from heartzone_producer.api.origins import origin_of
from heartzone_producer.api.responses import send_json
from heartzone_producer.intake.biometrics import accept
from heartzone_producer.writing.delivery import Delivery


class PostBiometrics:
    """The endpoint, as an ASGI application of its own."""

    def __init__(self, delivery: Delivery, requests: KnownRequests, *, limits: BodyLimits) -> None:
        self._delivery = delivery
        self._requests = requests
        self._bodies = BodyReader(limits, JSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with 202 and the normalised message."""
        origin = origin_of(scope)
        _, body = await self._bodies.read(scope, receive)
        accepted = accept(body)
        check_device(scope, accepted.device_id)
        key = origin.idempotency_key
        if key is None:
            await self._delivery.biometrics(accepted, origin)
        else:
            device = accepted.device_id.encode()
            with self._requests.begin(b"biometrics", device, key, payload=accepted.payload) as request:
                if request.accepted is None:
                    await self._delivery.biometrics(accepted, origin)
                    request.accepted = FOLLOWS_FROM_REQUEST
        await send_json(send, 202, accepted.response)
