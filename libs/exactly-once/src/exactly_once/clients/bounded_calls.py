"""Calls into librdkafka that are waited for so long and no longer, whatever timeout they take.

Some wait for ever: adding offsets to a transaction whose coordinator was lost (librdkafka#5456), closing a consumer
whose group rebalances (2898, 4674).
"""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

Call: TypeAlias = Callable[[], object]


class BoundedCalls:
    """Makes calls, one at a time, on a thread of its own, which ends with the process at the latest.

    A thread for many calls: starting one takes longer than most of them.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._outcomes: SimpleQueue[BaseException | None] = SimpleQueue()
        self._thread: Thread | None = None

    def returned_within(self, seconds: float, call: Call) -> bool:
        """Whether a call has returned within this time; raises what it raises. After False, make no further one."""
        if self._thread is None:
            arguments = (self._calls, self._outcomes)
            self._thread = Thread(target=_serve, args=arguments, name="exactly-once-calls", daemon=True)
            self._thread.start()
        self._calls.put(call)
        try:
            failure = self._outcomes.get(timeout=seconds)
        except Empty:
            return False
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # which refers to this frame
        return True

    def end(self) -> None:
        """Let the thread end once its call has returned."""
        self._calls.put(None)


def returned_within(seconds: float, call: Call) -> bool:
    """The same for one call alone."""
    calls = BoundedCalls()
    try:
        return calls.returned_within(seconds, call)
    finally:
        calls.end()


def _serve(calls: "SimpleQueue[Call | None]", outcomes: "SimpleQueue[BaseException | None]") -> None:
    while (call := calls.get()) is not None:
        outcome: BaseException | None = None
        try:
            call()
        except BaseException as failure:
            outcome = failure
        # Before the outcome is known: who made the call may look at once for what nobody refers to any more.
        del call
        outcomes.put(outcome)
        del outcome
