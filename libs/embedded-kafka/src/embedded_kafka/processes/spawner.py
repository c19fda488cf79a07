"""The thread that forks every child process."""

import os
import queue
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future


class Spawner:
    """One thread that forks every child and never ends: PR_SET_PDEATHSIG fires when the forking thread does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reset()
        if hasattr(os, "register_at_fork"):  # not on Windows, where a start raises UnsupportedPlatformError
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """Threads do not survive a fork of this process: the copy starts its own."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def spawn(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Run ``start`` on the thread and return its result, or raise its exception."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="embedded-kafka-spawner", daemon=True)
                self._thread.start()
        outcome: Future[subprocess.Popen[bytes]] = Future()

        def work() -> None:
            try:
                outcome.set_result(start())
            except BaseException as error:  # it is raised where spawn() was called
                outcome.set_exception(error)

        self._work.put(work)
        return outcome.result()

    def _run(self) -> None:
        while True:
            self._work.get()()
