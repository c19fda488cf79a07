"""A load generator that costs a fraction of what any Python server does: raw sockets on uvloop, closed loop.

Each connection sends its next request when the response to the one before is complete, so only completed
exchanges are counted. Both sides of a comparison are loaded by it in the same way.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop


@dataclass(frozen=True)
class Load:
    """Outcome of a run: responses with the wanted status, other responses, and the seconds of each wanted one."""

    responses: int
    others: int
    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        return self.responses / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


EACH_ITS_OWN = b"@" * 16
"""Stands for a text that is another one in each request: for an Idempotency-Key."""

_numbers = itertools.count()


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Sequence[bytes], offset: int, wanted: bytes) -> None:
        self._requests = requests
        self._is_each_its_own = EACH_ITS_OWN in requests[0]
        self._next = offset
        self._wanted = wanted
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0.0
        self._ending = False
        self.closed = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.others = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end_of_head = self._buffer.find(b"\r\n\r\n")
        if end_of_head < 0:
            return
        start = self._buffer.find(b"content-length: ") + 16
        length = int(self._buffer[start : self._buffer.find(b"\r", start)])
        if len(self._buffer) < end_of_head + 4 + length:
            return
        if self._buffer.startswith(self._wanted):
            self.latencies.append(time.perf_counter() - self._sent_at)
        else:
            self.others += 1
        self._buffer = b""
        if self._ending:
            assert self._transport is not None
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed.set_result(None)

    def end(self) -> None:
        self._ending = True

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        request = self._requests[self._next]
        if self._is_each_its_own:
            request = request.replace(EACH_ITS_OWN, b"%016x" % next(_numbers), 1)
        self._transport.write(request)
        self._next = (self._next + 1) % len(self._requests)


def post(path: str, body: bytes) -> bytes:
    """One HTTP request as bytes, with the headers that a usual client sends."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float, wanted: int) -> Load:
    """Load a server of this machine for a while; ``wanted`` is the status that counts."""
    return uvloop.run(_load(port, requests, connections, seconds, f"HTTP/1.1 {wanted} ".encode()))


async def _load(port: int, requests: Sequence[bytes], connections: int, seconds: float, wanted: bytes) -> Load:
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    clients = []
    for number in range(connections):
        offset = number * len(requests) // connections
        _, client = await loop.create_connection(lambda o=offset: _Connection(requests, o, wanted), "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    await asyncio.sleep(seconds)
    for client in clients:
        client.end()
    await asyncio.wait_for(asyncio.gather(*(client.closed for client in clients)), timeout=15)
    elapsed = time.perf_counter() - started
    latencies = [latency for client in clients for latency in client.latencies]
    return Load(len(latencies), sum(client.others for client in clients), elapsed, latencies)
