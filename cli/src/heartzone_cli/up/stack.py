"""The order in which parts start and stop, and the watch over them in between.

The thread that owns the stack never blocks on a part: it checks, many times a second, whether a part has ended,
whether a stop was requested and whether a timeout has passed. Blocking calls run on threads of a pool.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, NoReturn, TypeVar

from heartzone_cli.up.errors import PartFailedError, StopRequestedError
from heartzone_cli.up.parts import Part, describe, last_lines
from heartzone_cli.up.stop_requests import StopRequests

# Seconds
POLL_INTERVAL = 0.05
WATCH_INTERVAL = 0.25

_T = TypeVar("_T")


class Stack:
    """Parts that are started in groups, watched, and stopped in the reverse of an order of groups.

    `on_ready` is called with the name of each part that is ready.
    """

    def __init__(self, requests: StopRequests, *, on_ready: Callable[[str], None]) -> None:
        self.stopping = False
        self._requests = requests
        self._on_ready = on_ready
        self._pool = ThreadPoolExecutor(64, thread_name_prefix="up")
        self._calls: list[Future[Any]] = []
        self._starting: dict[Future[None], Part] = {}
        self._ready: list[Part] = []

    def launch(self, parts: Iterable[Part]) -> None:
        """Start parts, all at once, without waiting."""
        for part in parts:
            self._starting[self._pool.submit(part.start)] = part

    def await_parts(self, parts: Collection[Part]) -> None:
        """Wait until parts that were launched are ready.

        Raises StopRequestedError, PartFailedError when any part has ended, and what the start of any part raises.
        """
        while not all(part in self._ready for part in parts):
            self._check(POLL_INTERVAL)

    def call(self, work: Callable[[], _T]) -> _T:
        """Do work that blocks, and watch every part meanwhile. Raises as `await_parts` does, and what `work` raises."""
        future = self._pool.submit(work)
        self._calls.append(future)
        while not future.done():
            self._check(POLL_INTERVAL)
        return future.result()

    def watch(self) -> NoReturn:
        """Watch every part. Raises StopRequestedError, and PartFailedError when a part ends before that."""
        while True:
            self._check(WATCH_INTERVAL)

    def stop(self, order: Sequence[tuple[Collection[Part], float]]) -> bool:
        """Stop group after group; parts that are not ready yet are killed at once. False when a thread is still busy.

        Each group comes with its deadline in seconds from now, after which it is killed; on a second request,
        everything is killed at once.
        """
        self.stopping = True
        began = time.monotonic()
        for parts, seconds in order:
            self._stop_group(parts, began + seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)
        return all(future.done() for future in (*self._starting, *self._calls))

    def _stop_group(self, parts: Collection[Part], deadline: float) -> None:
        starts = [future for future, part in self._starting.items() if part in parts]
        while wait(starts, timeout=POLL_INTERVAL).not_done and time.monotonic() < deadline:
            self._kill_unready()
        hanging = [part for future, part in self._starting.items() if not future.done()]
        stops = {self._pool.submit(part.stop): part for part in parts if part not in hanging}
        while left := wait(stops, timeout=POLL_INTERVAL).not_done:
            self._kill_unready()
            if self._requests.kill_requested or time.monotonic() > deadline:
                for future in left:
                    stops[future].kill()

    def _kill_unready(self) -> None:
        # Repeatedly: a start that is under way may start its process only now.
        for future, part in self._starting.items():
            if not future.done():
                part.kill()

    def _check(self, pause: float) -> None:
        if self._requests.stop_requested:
            raise StopRequestedError
        for future in [each for each in self._starting if each.done()]:
            part = self._starting.pop(future)
            future.result()
            self._ready.append(part)
            self._on_ready(part.name)
        for part in self._ready:
            if (code := part.exit_code()) is not None:
                raise PartFailedError(f"{part.name} has ended by itself {describe(code)}{last_lines(part)}")
        self._requests.pause(pause)
