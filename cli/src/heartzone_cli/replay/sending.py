"""Sending workouts through `POST /biometrics`: in order for each device, several devices at a time.

A device's next request is sent after the response to the one before, because zones depend on the order per device.
That also bounds what is in flight: one request for each of at most `MAX_CONCURRENT_DEVICES` devices.
A request whose response was lost is sent again with its Idempotency-Key, by which its readings have their effect once.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from http import HTTPStatus
from time import monotonic

import httpx2

from heartzone_cli.replay.outcome import Outcome
from heartzone_cli.replay.workout import Reading, body

MAX_CONCURRENT_DEVICES = 4

# Seconds
REQUEST_TIMEOUT = httpx2.Timeout(45, connect=5)  # the API waits for the brokers' acknowledgement for 30
RETRY_TIMEOUT = 60.0  # after which a request that is rejected for now is given up
RETRY_INTERVAL = 1.0
MIN_RETRY_INTERVAL, MAX_RETRY_INTERVAL = 0.1, 10.0  # bounds of a Retry-After

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# 409: the API is still handling the request, of which the connection was lost.
RETRIABLE = {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

Batches = Iterator[Sequence[Reading]]


class ApiUnavailableError(Exception):
    """The API cannot be reached, or has rejected a request for too long; the message is a sentence."""


class Sender:
    """Sends workouts to the API at `url`; `close` it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        stop: threading.Event,
        on_response: Callable[[int], object],
        notify: Callable[[str], object],
        api_key: str | None = None,
    ) -> None:
        """Call `on_response` with the number of samples of each request that has a response, from any thread.

        `notify` is called with a sentence, from any thread as well, when the API becomes unavailable.
        """
        self._url = url.rstrip("/")
        self._stop = stop
        self._on_response = on_response
        self._notify = notify
        self._retrying: set[int] = set()  # threads
        self._mutex = threading.Lock()
        self._reached = False
        self._client = httpx2.Client(
            timeout=REQUEST_TIMEOUT,
            headers={"Content-Type": "application/json"} | ({} if api_key is None else {"X-API-Key": api_key}),
            # A proxy of the environment does not reach this machine's loopback interface.
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
        with ThreadPoolExecutor(MAX_CONCURRENT_DEVICES, thread_name_prefix="replay") as pool:
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
            outcome.rejected += len(readings)
            outcome.rejections.append(_reason(response))
        self._on_response(len(readings))

    def _post(self, content: bytes) -> httpx2.Response | None:
        """Post until there is a response that no retry can change; None when it is time to stop."""
        try:
            return self._retry(content)
        finally:
            with self._mutex:
                self._retrying.discard(threading.get_ident())

    def _retry(self, content: bytes) -> httpx2.Response | None:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        deadline = monotonic() + RETRY_TIMEOUT
        while True:
            interval = RETRY_INTERVAL
            try:
                response = self._client.post(f"{self._url}/biometrics", content=content, headers=headers)
            except httpx2.TransportError as error:
                problem = f"cannot be reached ({error or type(error).__name__})"
                if not self._reached:
                    raise ApiUnavailableError(f"The API at {self._url} {problem}.") from error
            else:
                if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
                    raise ApiUnavailableError(
                        f"{self._url} responds with {response.status_code} to POST /biometrics: it is not a heartzone"
                        " API."
                    )
                self._reached = True
                if response.status_code not in RETRIABLE:
                    return response
                problem = f"rejects requests for now: {_reason(response)}"
                interval = _retry_after(response)
            if monotonic() + interval > deadline:
                raise ApiUnavailableError(f"The API at {self._url} {problem}; tried for {RETRY_TIMEOUT:.0f} s.")
            self._notify_once(problem)
            if self._stop.wait(interval):
                return None

    def _notify_once(self, problem: str) -> None:
        """Notify of the retries, unless an earlier attempt or another thread has done so."""
        with self._mutex:
            known = bool(self._retrying)
            self._retrying.add(threading.get_ident())
        if not known:
            self._notify(f"The API at {self._url} {problem}; retrying for {RETRY_TIMEOUT:.0f} s.")


def _retry_after(response: httpx2.Response) -> float:
    """Return the seconds to wait (RFC 9110, 10.2.3; its date form is not used by the API)."""
    try:
        seconds = float(response.headers.get("Retry-After", RETRY_INTERVAL))
    except ValueError:
        return RETRY_INTERVAL
    return min(max(seconds, MIN_RETRY_INTERVAL), MAX_RETRY_INTERVAL)


def _reason(response: httpx2.Response) -> str:
    """Return the detail of a problem document (RFC 9457), or the status of any other response."""
    try:
        problem = response.json()
        errors = problem.get("errors") or [problem]
        return f"{response.status_code} {errors[0]['detail']}"
    except (ValueError, AttributeError, LookupError, TypeError):
        return f"{response.status_code} {response.reason_phrase}".strip()
