"""Traffic that is never sent again: each reading once, over a connection of its own, at a fixed rate.

The rate does not follow the responses: while none come, ever more requests wait. A reading without a 202 may be stored
or not; one with a 202 is. No reading is stored twice, because nobody has sent one twice.
"""

import asyncio
import threading
import time
import uuid
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from heartzone_testing.traffic.readings import Reading, readings_of, request_body

RESPONSE_TIMEOUT_S = 60.0
DEVICES = 200
NO_RESPONSE = 0
ACCEPTED = 202


class SingleSends:
    """Sends readings while the block lasts; leaving it waits for the responses that are due."""

    def __init__(self, url: str, *, rate: float = 150.0) -> None:
        """`rate`: readings a second."""
        address = urlsplit(url)
        self._address = (address.hostname or "", address.port or 80)
        self._interval = 1 / rate
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        self._responses: dict[Reading, tuple[int, float]] = {}
        self._sent: list[Reading] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="single-sends", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(RESPONSE_TIMEOUT_S + 30)
        if error is None:
            assert not self._thread.is_alive(), "the client does not end"

    @property
    def sent(self) -> list[Reading]:
        """What has been sent until now, in this order."""
        with self._mutex:
            return list(self._sent)

    @property
    def accepted(self) -> list[Reading]:
        """What has got a 202 until now."""
        with self._mutex:
            return [reading for reading, (status, _) in self._responses.items() if status == ACCEPTED]

    @property
    def statuses(self) -> Counter[int]:
        """How many requests have ended with which status until now, NO_RESPONSE where the connection failed."""
        with self._mutex:
            return Counter(status for status, _ in self._responses.values())

    @property
    def seconds(self) -> list[float]:
        """How long the responses took that have come until now."""
        with self._mutex:
            return [seconds for _, seconds in self._responses.values()]

    async def _run(self) -> None:
        devices = [readings_of(str(uuid.uuid4())) for _ in range(DEVICES)]
        requests: set[asyncio.Task[None]] = set()
        number, started = 0, time.monotonic()
        while not self._stop.is_set():
            reading = next(devices[number % len(devices)])
            with self._mutex:
                self._sent.append(reading)
            request = asyncio.create_task(self._send(reading))
            requests.add(request)
            request.add_done_callback(requests.discard)
            number += 1
            await asyncio.sleep(max(0.0, started + number * self._interval - time.monotonic()))
        await asyncio.gather(*requests)

    async def _send(self, reading: Reading) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                status = await self._status_of(request_body(reading))
        except (OSError, ValueError, IndexError):  # TimeoutError is an OSError; an empty response has no status
            status = NO_RESPONSE
        with self._mutex:
            self._responses[reading] = (status, time.monotonic() - started)

    async def _status_of(self, body: bytes) -> int:
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            head = f"POST /biometrics HTTP/1.1\r\nHost: {self._address[0]}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            return int((await reader.read()).split(b" ", 2)[1])
        finally:
            writer.close()
