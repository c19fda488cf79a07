"""Close clients within a time: librdkafka has ways to wait for ever (its issues 2898, 4674, 5456)."""

from collections.abc import Callable
from threading import Thread


def closed_within(seconds: float, close: Callable[[], None]) -> bool:
    """Whether ``close`` has returned within this time; raises what it raises.

    It runs on a thread of its own, which is left to itself after that time, and ends with the process.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            close()
        except BaseException as failure:
            failures.append(failure)

    thread = Thread(target=run, name="exactly-once-close", daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    return not thread.is_alive()
