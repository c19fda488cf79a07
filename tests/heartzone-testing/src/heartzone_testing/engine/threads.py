"""Workers of exactly_once on threads of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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


def native_threads(name: str) -> set[str]:
    """Ids of this process's threads of a name that the operating system knows, those of librdkafka among them."""
    found = set()
    for each in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if (each / "comm").read_text().strip() == name:
                found.add(each.name)
    return found
