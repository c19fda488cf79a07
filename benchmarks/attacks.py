"""Hostile clients of the web API, each bounded in number and rate: ``python -m benchmarks.attacks NAME PORT SECONDS``.

A process of its own, so that its work is not taken for that of the good clients; it prints the statuses that it got.
"""

import asyncio
import json
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

import uvloop

Statuses = Counter[str]

SLOW_CLIENTS = 1_000
IDLE_CONNECTIONS = 10_000
ENDLESS_HEADS = 100
BOMBS_PER_SECOND = 20
FLOODERS = 20
FLOOD_PER_SECOND = 500

SLOW_BODY = b" " * 100_000

POST = b"POST /biometrics HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _status(reader: asyncio.StreamReader) -> str:
    """The status of the next response, whose body is read, too; what the server did without one otherwise."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if line)
        await reader.readexactly(int(fields.get(b"content-length", b"0")))
    except (OSError, asyncio.IncompleteReadError):
        return "closed"
    return head[9:12].decode()


async def _again(client: Callable[[int, Statuses], Awaitable[None]], port: int, statuses: Statuses) -> None:
    """Have a client start anew whenever its connection ends."""
    while True:
        with suppress(OSError):
            await client(port, statuses)
        await asyncio.sleep(0.1)


async def _slow_client(port: int, statuses: Statuses) -> None:
    """A tenth of a large body, and then a byte a second."""
    reader, writer = await _connect(port)
    writer.write(POST + b"Content-Length: 1000000\r\n\r\n" + SLOW_BODY)
    response = asyncio.create_task(_status(reader))
    while not response.done():
        writer.write(b" ")
        await asyncio.wait([response], timeout=1)
    statuses[response.result()] += 1
    writer.close()
    await asyncio.sleep(5)


async def _idle_connection(port: int, statuses: Statuses) -> None:
    """No request at all."""
    reader, writer = await _connect(port)
    statuses[await _status(reader)] += 1
    writer.close()


async def _endless_head(port: int, statuses: Statuses) -> None:
    """Header fields without an end, as fast as the server reads them."""
    reader, writer = await _connect(port)
    writer.write(POST)
    response = asyncio.create_task(_status(reader))
    fields = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 100) for number in range(80))
    while not response.done():
        with suppress(OSError):
            writer.write(fields)
            await writer.drain()
        await asyncio.wait([response], timeout=0.02)
    statuses[response.result()] += 1
    writer.close()
    await asyncio.sleep(1)


async def _bombs(port: int, statuses: Statuses) -> None:
    """A megabyte each that inflates to a gigabyte."""
    compressor = zlib.compressobj(wbits=31)
    bomb = b"".join([*(compressor.compress(bytes(1024 * 1024)) for _ in range(1000)), compressor.flush()])
    head = POST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    reader, writer = await _connect(port)
    while True:
        writer.write(head + bomb)
        status = await _status(reader)
        statuses[status] += 1
        if status == "closed":
            return
        await asyncio.sleep(1 / BOMBS_PER_SECOND)


async def _unknown_key(port: int, statuses: Statuses) -> None:
    """Requests with an API key each that nobody has."""
    reader, writer = await _connect(port)
    for number in count():
        writer.write(POST + b"X-API-Key: unknown-%d\r\nContent-Length: 2\r\n\r\n{}" % number)
        status = await _status(reader)
        statuses[status] += 1
        if status == "closed":
            return
        await asyncio.sleep(FLOODERS / FLOOD_PER_SECOND)


ATTACKS: dict[str, tuple[Callable[[int, Statuses], Awaitable[None]], int]] = {
    "slow-clients": (_slow_client, SLOW_CLIENTS),
    "idle-connections": (_idle_connection, IDLE_CONNECTIONS),
    "endless-heads": (_endless_head, ENDLESS_HEADS),
    "gzip-bombs": (_bombs, 1),
    "unknown-keys": (_unknown_key, FLOODERS),
}


async def _attack(name: str, port: int, seconds: float) -> Statuses:
    client, number = ATTACKS[name]
    statuses: Statuses = Counter()
    until = time.monotonic() + seconds
    clients = []
    for started in range(number):
        clients.append(asyncio.create_task(_again(client, port, statuses)))
        if started % 100 == 99:
            await asyncio.sleep(0.01)
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    for each in clients:
        each.cancel()
    return statuses


def main() -> None:
    """Attack, and print the statuses as JSON."""
    name, port, seconds = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(uvloop.run(_attack(name, int(port), float(seconds)))), flush=True)


if __name__ == "__main__":
    main()
