"""Workers of exactly_once on threads of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from exactly_once import Worker
from exactly_once.sink import SinkWorker


@contextmanager
def running(worker: Worker | SinkWorker) -> Iterator[list[BaseException]]:
    """Run a worker on a thread while the block lasts; yields the list that its failure is put into."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield failures
    finally:
        worker.stop()
        thread.join(60)
        assert not thread.is_alive(), "the worker did not stop within 60 s"
