"""``POST /biometrics``: one message, acknowledged by the broker before the response."""

from starlette.types import Receive, Scope, Send

from heartzone_producer.api.authentication import check_device
from heartzone_producer.api.bodies import JSON, BodyReader
from heartzone_producer.api.body_limits import BodyLimits
from heartzone_producer.api.idempotency import KnownRequests, Reply, origin_of
from heartzone_producer.api.responses import send_json
from heartzone_producer.intake.biometrics import Accepted, accept
from heartzone_producer.intake.origin import Origin
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
        if origin.idempotency_key is None:
            status, response = await self._store(accepted, origin)
        else:
            status, response = await self._requests.respond(
                b"biometrics",
                accepted.device_id.encode(),
                origin.idempotency_key,
                payload=accepted.payload,
                handle=lambda: self._store(accepted, origin),
                body=accepted.response,
            )
        await send_json(send, status, response)

    async def _store(self, accepted: Accepted, origin: Origin) -> Reply:
        await self._delivery.biometrics(accepted, origin)
        return 202, accepted.response
