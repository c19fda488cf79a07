"""Traffic while something happens to the pipeline: several clients at a bounded rate, and a record of every outcome."""

import threading
import time
import uuid
from collections import Counter
from types import TracebackType
from typing import Self

from heartzone_testing.traffic.client import Outcome, RetryingClient
from heartzone_testing.traffic.readings import Reading, readings_of
from heartzone_testing.waiting import eventually

RETRY_TIMEOUT_S = 120.0
DEVICES_OF_A_CLIENT = 3


class Traffic:
    """Clients that send readings while the block lasts; leaving it raises what no client could handle.

    A device belongs to one client, which sends its next reading when the one before is accepted: so each device has an
    order. Every second client takes a fresh connection for each request. All devices are new.
    """

    def __init__(self, url: str, *, clients: int = 4, rate: float = 40.0, api_key: str | None = None) -> None:
        """`rate`: of all clients together, in readings a second, at most."""
        self._url = url
        self._api_key = api_key
        self._interval = clients / rate
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        self._accepted: list[Reading] = []
        self._outcomes: Counter[Outcome] = Counter()
        self._failures: list[Exception] = []
        self._threads = [
            threading.Thread(target=self._run, args=(number % 2 == 0,), name=f"traffic-{number}", daemon=True)
            for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(RETRY_TIMEOUT_S + 30)
        if error is None:
            self._raise_failure()
            assert not any(thread.is_alive() for thread in self._threads), "a client does not end"

    @property
    def accepted(self) -> list[Reading]:
        """What has been accepted until now, in order for each device."""
        with self._mutex:
            return list(self._accepted)

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many attempts have ended in which way until now."""
        with self._mutex:
            return Counter(self._outcomes)

    def __str__(self) -> str:
        attempts = ", ".join(f"{outcome}: {count}" for outcome, count in self.outcomes.most_common())
        return f"{len(self.accepted)} readings accepted; attempts by outcome: {attempts}"

    def await_more(self, count: int, timeout: float = 60) -> None:
        """Return when `count` more readings have been accepted than now. Raises what no client could handle."""
        goal = len(self.accepted) + count
        eventually(lambda: self._failures or len(self.accepted) >= goal, f"{count} more accepted readings", timeout)
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failures:
            raise self._failures[0]

    def _run(self, keep_alive: bool) -> None:
        client = RetryingClient(self._url, keep_alive=keep_alive, retry_timeout=RETRY_TIMEOUT_S, api_key=self._api_key)
        devices = [readings_of(str(uuid.uuid4())) for _ in range(DEVICES_OF_A_CLIENT)]
        number, started = 0, time.monotonic()
        try:
            while not self._stop.wait(max(0.0, started + number * self._interval - time.monotonic())):
                reading = next(devices[number % len(devices)])
                outcomes = client.send(reading)
                with self._mutex:
                    self._accepted.append(reading)
                    self._outcomes.update(outcomes)
                number += 1
        except Exception as failure:
            self._failures.append(failure)
        finally:
            client.close()
