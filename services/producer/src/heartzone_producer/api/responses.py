"""Responses without a Response object in between: the hot path of the service."""

from starlette.types import Send


async def send_json(send: Send, status: int, body: bytes) -> None:
    """Respond with a JSON text."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
