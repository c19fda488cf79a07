"""A proxy that parses Kafka's frames: it cuts connections, isolates clients, holds or swallows what passes."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from typing import NamedTuple, Self

from heartzone_testing.brokers.add_partitions_response import partitions_added
from heartzone_testing.brokers.metadata_response import without_brokers

# Api keys (Kafka protocol guide).
PRODUCE = 0
FETCH = 1
METADATA = 3
OFFSET_FETCH = 9
INIT_PRODUCER_ID = 22  # claims a transactional id
ADD_PARTITIONS_TO_TXN = 24
ADD_OFFSETS_TO_TXN = 25
END_TXN = 26  # commits or aborts


class Hold:
    """A request that waits in the proxy, or the response to one; it goes on when it is released, or is lost."""

    def __init__(self, api_key: int, loop: asyncio.AbstractEventLoop, *, response: bool) -> None:
        self.api_key = api_key
        self.response = response
        self.reached = threading.Event()
        """Set once it waits."""
        self._loop = loop
        self._passes: asyncio.Future[bool] = loop.create_future()

    def release(self) -> None:
        """Pass it on."""
        self._loop.call_soon_threadsafe(self._passes.set_result, True)

    def cut(self) -> None:
        """Close its connection instead of passing it on."""
        self._loop.call_soon_threadsafe(self._passes.set_result, False)

    async def passes(self) -> bool:
        """Wait, and say whether it is passed on."""
        self.reached.set()
        return await self._passes


class Sent(NamedTuple):
    """A request that was passed on, until its response comes."""

    client_id: bytes
    api_key: int
    version: int
    response_hold: Hold | None


class FrameProxy:
    """Listens on ``port`` and passes everything on to a broker that advertises this port."""

    def __init__(self, broker_port: int) -> None:
        self.requests: list[int] = []
        """Api keys of the requests seen so far."""
        self._last_request_at = time.monotonic()
        self._broker_port = broker_port
        self._cut_at: int | None = None
        self._hold: Hold | None = None
        self.hides_brokers = False
        """Whether metadata are passed on without brokers, as by a cluster whose only broker was frozen and has not
        joined again yet."""
        self.withheld: frozenset[int] = frozenset()
        """Api keys whose responses are not passed on: what was requested happens, and the client does not learn it."""
        self.swallows_partitions = False
        """Whether transactions get partitions of which their coordinator does not know: the request for it is
        not passed on, and the client is told that it succeeded."""
        self._isolated: bytes | None = None
        self._passes_late = True
        self._healed = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._opened: list[asyncio.StreamWriter] = []
        """To clients and to the broker, also those that are closed and may still have something to write."""
        self._serving: set[asyncio.Task[None]] = set()
        self._ends = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, sock=self._listener)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def silent_for(self) -> float:
        """Seconds since the last request."""
        return time.monotonic() - self._last_request_at

    def cut_at_next(self, api_key: int) -> None:
        """Close the connection on which the next request of this kind comes, instead of passing it on."""
        self._cut_at = api_key

    def hold_next(self, api_key: int, *, response: bool = False) -> Hold:
        """Hold the next request of this kind, or the response to it; what follows on its connection waits, too."""
        self._hold = Hold(api_key, self._loop, response=response)
        return self._hold

    def isolate(self, client_id: str) -> None:
        """Pass nothing of this client on in either direction, though its connections stay open: a partition."""
        self._loop.call_soon_threadsafe(self._isolate, client_id.encode())

    def heal(self, *, late: bool) -> None:
        """End the partition; what was sent during it is passed on ``late``, or lost with its connections."""
        self._loop.call_soon_threadsafe(self._heal, late)

    def _isolate(self, client_id: bytes) -> None:
        self._isolated = client_id
        self._healed.clear()

    def _heal(self, late: bool) -> None:
        self._isolated, self._passes_late = None, late
        self._healed.set()

    async def _crosses(self, client_id: bytes) -> bool:
        """Whether a frame of this client is passed on; returns once that is known."""
        if client_id != self._isolated:
            return True
        await self._healed.wait()
        return self._passes_late

    def silence(self) -> None:
        """Pass on nothing more that comes on a connection that is open now; it stays open."""
        self._loop.call_soon_threadsafe(lambda: self._silent.update(self._connections))

    def disconnect(self) -> None:
        """Close every connection that is open now."""
        self._loop.call_soon_threadsafe(self._disconnect)

    def _disconnect(self) -> None:
        for connection in self._connections:
            connection.close()

    async def _end(self) -> None:
        """Close the sockets of all connections, also of those that were accepted just now, or wait for something."""
        self._ends = True
        # Not the server's close() yet: asyncio leaves what it accepted just before that open.
        self._loop.remove_reader(self._listener)
        for task in self._serving:
            task.cancel()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
        self._server.close()
        for connection in self._opened:
            connection.transport.abort()
        await asyncio.sleep(0)  # what abort() has the loop call closes the sockets

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._opened.append(to_client)
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            if not self._ends:
                await self._connect(client, to_client)
        except asyncio.CancelledError:
            pass  # the end of the proxy, which waits for this task
        finally:
            self._serving.discard(task)
            to_client.close()

    async def _connect(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            return
        self._opened.append(to_broker)
        self._connections.add(to_client)
        try:
            sent: dict[int, Sent] = {}
            requests = self._requests(client, to_broker, to_client, sent)
            await asyncio.gather(requests, self._responses(broker, to_client, sent))
        finally:
            self._connections.discard(to_client)
            self._silent.discard(to_client)
            to_broker.close()

    async def _requests(
        self,
        client: asyncio.StreamReader,
        to_broker: asyncio.StreamWriter,
        to_client: asyncio.StreamWriter,
        sent: dict[int, Sent],
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = await client.readexactly(4)
                request = await client.readexactly(struct.unpack(">i", length)[0])
                if to_client in self._silent:
                    continue
                api_key, version, correlation_id, length_of_id = struct.unpack_from(">hhih", request)
                client_id = request[10 : 10 + max(0, length_of_id)]
                self.requests.append(api_key)
                self._last_request_at = time.monotonic()
                if api_key == self._cut_at:
                    self._cut_at = None
                    break
                if api_key == ADD_PARTITIONS_TO_TXN and self.swallows_partitions:
                    response = partitions_added(request, version)
                    to_client.write(struct.pack(">i", len(response)) + response)
                    continue
                if not await self._crosses(client_id):
                    break
                hold = None
                if self._hold is not None and self._hold.api_key == api_key:
                    hold, self._hold = self._hold, None
                    if not hold.response:
                        if not await hold.passes():
                            break
                        hold = None
                sent[correlation_id] = Sent(client_id, api_key, version, hold)
                to_broker.write(length + request)
                await to_broker.drain()
        to_broker.close()

    async def _responses(
        self, broker: asyncio.StreamReader, to_client: asyncio.StreamWriter, sent: dict[int, Sent]
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = await broker.readexactly(4)
                response = await broker.readexactly(struct.unpack(">i", length)[0])
                request = sent.pop(struct.unpack_from(">i", response)[0])
                if not await self._crosses(request.client_id):
                    break
                if request.response_hold is not None and not await request.response_hold.passes():
                    break
                if request.api_key in self.withheld:
                    continue
                if request.api_key == METADATA and self.hides_brokers:
                    response = without_brokers(response, request.version)
                to_client.write(struct.pack(">i", len(response)) + response)
                await to_client.drain()
        to_client.close()
