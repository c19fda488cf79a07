"""The order in which parts start and stop, and the watch over them in between.

The thread that owns the stack never blocks on a part: it looks, many times a second, whether a part has ended, whether
it was asked to stop and whether its time is over. What blocks runs on threads of a pool.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, NoReturn, TypeVar

from heartzone_local.up.parts import Part, describe, last_lines
from heartzone_local.up.refusal import PartFailed, StopAsked
from heartzone_local.up.stop_requests import StopRequests

LOOK_S = 0.05
WATCH_S = 0.25

_T = TypeVar("_T")


class Stack:
    """Parts that are started in groups, watched, and stopped in the reverse of an order of groups.

    `on_ready` hears the name of each part that serves.
    """

    def __init__(self, requests: StopRequests, *, on_ready: Callable[[str], None]) -> None:
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
        """Wait until parts that were launched serve.

        Raises StopAsked, PartFailed when any part has ended, and what the start of any part raises.
        """
        while not all(part in self._ready for part in parts):
            self._look(LOOK_S)

    def call(self, work: Callable[[], _T]) -> _T:
        """Do work that blocks, with an eye on everything else. Raises as `await_parts` does, and what `work` raises."""
        future = self._pool.submit(work)
        self._calls.append(future)
        while not future.done():
            self._look(LOOK_S)
        return future.result()

    def watch(self) -> NoReturn:
        """Keep an eye on every part. Raises StopAsked, and PartFailed when a part ends before that."""
        while True:
            self._look(WATCH_S)

    def stop(self, order: Sequence[tuple[Collection[Part], float]]) -> bool:
        """Kill what is not ready yet, then stop group after group; False when a thread is still at work after that.

        Each group comes with the seconds from now until which it may take; what has not ended by then is killed, and
        everything at once when a second request comes.
        """
        asked_at = time.monotonic()
        last = asked_at + max(seconds for _, seconds in order)
        while (under_way := self._under_way()) and time.monotonic() < last:
            for part in under_way:
                part.kill()
            wait(self._starting, timeout=LOOK_S)
        for parts, seconds in order:
            self._stop_group(parts, asked_at + seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)
        return not self._under_way() and all(call.done() for call in self._calls)

    def _stop_group(self, parts: Collection[Part], deadline: float) -> None:
        stopping = {self._pool.submit(part.stop): part for part in parts}
        while left := wait(stopping, timeout=LOOK_S).not_done:
            if self._requests.hurried or time.monotonic() > deadline:
                for future in left:
                    stopping[future].kill()

    def _under_way(self) -> list[Part]:
        return [part for future, part in self._starting.items() if not future.done()]

    def _look(self, pause: float) -> None:
        if self._requests.asked:
            raise StopAsked
        for future in [each for each in self._starting if each.done()]:
            part = self._starting.pop(future)
            future.result()
            self._ready.append(part)
            self._on_ready(part.name)
        for part in self._ready:
            if (code := part.exit_code()) is not None:
                raise PartFailed(f"{part.name} has ended by itself {describe(code)}{last_lines(part)}")
        self._requests.pause(pause)
