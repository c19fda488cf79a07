"""Sending workouts through `POST /biometrics`: in order for each device, several devices at a time.

A device's next request leaves when the one before is answered, because order per device is what the zones are
about. That also bounds what is in flight: one request for each of at most `CONCURRENT_DEVICES` devices.
A request whose answer was lost is sent again, so that a reading may come out twice but never not at all.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic

import httpx2

from heartzone_cli.replay.workout import Reading, Workout, body

CONCURRENT_DEVICES = 4
REQUEST_TIMEOUT = httpx2.Timeout(15, connect=5)  # seconds; the API answers 503 within 5
GIVE_UP_AFTER_S = 60.0  # of refusals to take a request now, one after the other
LONGEST_PAUSE_S = 10.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
TRY_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

Batches = Iterator[Sequence[Reading]]


class ApiUnavailableError(Exception):
    """The API is not there, or has stayed unable to take a request; the message is a sentence."""


@dataclass
class Outcome:
    """Samples of one workout: `sent` were answered, and were either accepted (for `seconds`) or refused."""

    workout: Workout
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    accepted_seconds: float = 0.0
    refusals: list[str] = field(default_factory=list)


class Sender:
    """Sends workouts to the API at `url`; `close` it, or use it as a context manager."""

    def __init__(
        self, url: str, *, stop: threading.Event, progress: Callable[[int], object], tell: Callable[[str], object]
    ) -> None:
        """Take what is called from any thread.

        `progress` gets the number of samples of each answered request, `tell` a sentence when the API has gone away.
        """
        self._url = url.rstrip("/")
        self._stop = stop
        self._progress = progress
        self._tell = tell
        self._trying_again: set[int] = set()  # threads that do
        self._mutex = threading.Lock()
        self._answered = False
        self._client = httpx2.Client(
            timeout=REQUEST_TIMEOUT,
            headers={"Content-Type": "application/json"},
            # A proxy of the environment is for the world outside, and would not find this machine.
            trust_env=httpx2.URL(self._url).host not in LOOPBACK,
        )

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, plan: Sequence[tuple[Outcome, Callable[[], Batches]]]) -> None:
        """Send every workout and fill its Outcome; return early when `stop` is set.

        Workouts of the same device follow one another. Raises ApiUnavailableError when the API cannot be
        reached; what was sent until then stands in the outcomes.
        """
        by_device: dict[str, list[tuple[Outcome, Callable[[], Batches]]]] = {}
        for outcome, batches in plan:
            by_device.setdefault(outcome.workout.device_id, []).append((outcome, batches))
        with ThreadPoolExecutor(CONCURRENT_DEVICES, thread_name_prefix="replay") as pool:
            try:
                running = {pool.submit(self._send_device, workouts) for workouts in by_device.values()}
                while running:
                    # Bounded, so that Ctrl-C is noticed on every platform.
                    done, running = wait(running, timeout=0.2, return_when="FIRST_COMPLETED")
                    for finished in done:
                        finished.result()
            except BaseException:
                self._stop.set()
                raise

    def _send_device(self, workouts: Sequence[tuple[Outcome, Callable[[], Batches]]]) -> None:
        for outcome, batches in workouts:
            for readings in batches():
                if self._stop.is_set():
                    return
                self._send_request(outcome, readings)

    def _send_request(self, outcome: Outcome, readings: Sequence[Reading]) -> None:
        response = self._post(body(outcome.workout, readings))
        if response is None:
            return
        outcome.sent += len(readings)
        if response.status_code == HTTPStatus.ACCEPTED:
            outcome.accepted += len(readings)
            outcome.accepted_seconds += sum(reading.seconds for reading in readings)
        else:
            outcome.refused += len(readings)
            outcome.refusals.append(_reason(response))
        self._progress(len(readings))

    def _post(self, content: bytes) -> httpx2.Response | None:
        """Post until there is an answer other than "not now"; None when it is time to stop."""
        try:
            return self._try_to_post(content)
        finally:
            with self._mutex:
                self._trying_again.discard(threading.get_ident())

    def _try_to_post(self, content: bytes) -> httpx2.Response | None:
        give_up = monotonic() + GIVE_UP_AFTER_S
        while True:
            pause = 1.0
            try:
                response = self._client.post(f"{self._url}/biometrics", content=content)
            except httpx2.TransportError as error:
                problem = f"cannot be reached ({error or type(error).__name__})"
                if not self._answered:
                    raise ApiUnavailableError(f"The API at {self._url} {problem}.") from error
            else:
                if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
                    raise ApiUnavailableError(
                        f"{self._url} answers {response.status_code} to POST /biometrics: it is no heartzone API."
                    )
                self._answered = True
                if response.status_code not in TRY_AGAIN:
                    return response
                problem = f"takes no requests: {_reason(response)}"
                pause = _retry_after(response)
            if monotonic() + pause > give_up:
                raise ApiUnavailableError(f"The API at {self._url} {problem}; tried for {GIVE_UP_AFTER_S:.0f} s.")
            self._tell_once(problem)
            if self._stop.wait(pause):
                return None

    def _tell_once(self, problem: str) -> None:
        """Say that requests are tried again, unless that is known from another attempt."""
        with self._mutex:
            known = bool(self._trying_again)
            self._trying_again.add(threading.get_ident())
        if not known:
            self._tell(f"The API at {self._url} {problem}; trying again for {GIVE_UP_AFTER_S:.0f} s.")


def _retry_after(response: httpx2.Response) -> float:
    """Return the seconds to wait (RFC 9110, 10.2.3; its date form is not used by the API)."""
    try:
        return min(max(float(response.headers.get("Retry-After", "1")), 0.1), LONGEST_PAUSE_S)
    except ValueError:
        return 1.0


def _reason(response: httpx2.Response) -> str:
    """Return what a problem document (RFC 9457) says, or the status of an answer that is none."""
    try:
        problem = response.json()
        errors = problem.get("errors") or [problem]
        return f"{response.status_code} {errors[0]['detail']}"
    except (ValueError, AttributeError, LookupError, TypeError):
        return f"{response.status_code} {response.reason_phrase}".strip()
