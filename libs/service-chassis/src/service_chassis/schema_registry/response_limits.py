"""Bounds on what a response may cost: a registry, or what is in its place, may send without end.

Imports the HTTP library, which takes long: imported by those who make a client, when they make it.
"""

import time
from collections.abc import Iterator

from confluent_kafka.schema_registry.common._httpx_compat import httpx

# A registry keeps a schema in a Kafka record, of 1 MiB by default; JSON in JSON needs up to twice that.
MAX_BYTES = 8 * 1024 * 1024
MAX_SECONDS = 10.0
"""For the body of a response, however steadily it trickles: the client's own timeout is for each chunk."""


class ResponseLimitError(Exception):
    """The response is larger or slower than one of a registry is, or is compressed."""


def bound_responses(session: httpx.Client, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> None:
    """Let a session read no more than this of any response; beyond it, the request raises ResponseLimitError."""
    # Some compressed kilobytes may become gigabytes.
    session.headers["Accept-Encoding"] = "identity"

    def bound(response: httpx.Response) -> None:
        if (encoding := response.headers.get("Content-Encoding", "identity")) != "identity":
            raise ResponseLimitError(f"it is compressed ({encoding}), although the request says that it must not be")
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _BoundedStream(response.stream, max_bytes, max_seconds)

    session.event_hooks = {"response": [bound]}


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, max_bytes: int, max_seconds: float) -> None:
        self._stream, self._max_bytes, self._max_seconds = stream, max_bytes, max_seconds

    def __iter__(self) -> Iterator[bytes]:
        size, deadline = 0, time.monotonic() + self._max_seconds
        for chunk in self._stream:
            size += len(chunk)
            if size > self._max_bytes:
                raise ResponseLimitError(f"it has more than {self._max_bytes} bytes")
            if time.monotonic() > deadline:
                raise ResponseLimitError(f"it takes more than {self._max_seconds:g} s")
            yield chunk

    def close(self) -> None:
        self._stream.close()
