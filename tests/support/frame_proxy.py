"""A proxy that knows Kafka's frames: it cuts the connection at one request of one kind."""

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Self

END_TXN = 26
"""Api key of the request that commits or aborts (Kafka protocol guide)."""


class FrameProxy:
    """Listens on ``port`` and passes everything on to a broker that advertises this port."""

    def __init__(self, broker_port: int) -> None:
        self.requests: list[int] = []
        """Api keys of the requests seen so far."""
        self._broker_port = broker_port
        self._cut_at: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, sock=self._listener), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut_at_next(self, api_key: int) -> None:
        """Close the connection on which the next request of this kind comes, instead of passing it on."""
        self._cut_at = api_key

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._listener.close()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            to_client.close()
            return
        try:
            await asyncio.gather(self._requests(client, to_broker), self._answers(broker, to_client))
        finally:
            to_broker.close()
            to_client.close()

    async def _requests(self, client: asyncio.StreamReader, to_broker: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = await client.readexactly(4)
                request = await client.readexactly(struct.unpack(">i", length)[0])
                (api_key,) = struct.unpack_from(">h", request)
                self.requests.append(api_key)
                if api_key == self._cut_at:
                    self._cut_at = None
                    break
                to_broker.write(length + request)
                await to_broker.drain()
        to_broker.close()

    @staticmethod
    async def _answers(broker: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await broker.read(65536):
                to_client.write(data)
                await to_client.drain()
        to_client.close()
