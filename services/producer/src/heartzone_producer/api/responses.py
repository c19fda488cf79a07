"""Responses without a Response object in between: the hot path of the service."""

from collections.abc import Sequence

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from heartzone_producer.api.problems import PROBLEM_JSON, ProblemError
from heartzone_producer.api.request_ids import HEADER, new_request_id


async def send_json(send: Send, status: int, body: bytes) -> None:
    """Respond with a JSON text."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def encode_problem(problem: ProblemError, default_headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A problem as the last response of a connection, for a request that no application sees."""
    body = problem.document()
    fields = [
        *default_headers,
        *((name.lower().encode(), value.encode()) for name, value in (problem.headers or {}).items()),
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (HEADER, new_request_id()),
    ]
    head = [b"%b: %b\r\n" % field for field in fields]
    return b"".join([STATUS_LINE[problem.kind.status], *head, b"\r\n", body])
