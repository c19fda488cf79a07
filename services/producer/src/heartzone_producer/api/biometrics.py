"""``POST /biometrics``: one message, acknowledged by the broker before the response."""

from starlette.types import Receive, Scope, Send

from heartzone_producer.api.bodies import JSON, BodyReader
from heartzone_producer.api.responses import send_json
from heartzone_producer.intake.biometrics import accept
from heartzone_producer.writing.delivery import Delivery


class PostBiometrics:
    """The endpoint, as an ASGI application of its own."""

    def __init__(self, delivery: Delivery, *, body_limit: int) -> None:
        self._delivery = delivery
        self._bodies = BodyReader(body_limit, JSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with 202 and the normalised message."""
        _, body = await self._bodies.read(scope, receive)
        accepted = accept(body)
        await self._delivery.biometrics(accepted)
        await send_json(send, 202, accepted.response)
