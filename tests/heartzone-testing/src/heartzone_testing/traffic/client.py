"""A client as the producer's README describes it: it sends a reading until it is accepted, and records its retries.

Kept connections and fresh ones are distinguished. HTTP lets a server close an idle connection. Like other clients, this
one checks before it sends; a request that crosses the close has to be sent again all the same (RFC 9112, section 9.5).
On a fresh connection there is no such excuse.
"""

import http.client
import select
import socket
import time
from enum import StrEnum
from urllib.parse import urlsplit

from heartzone_testing.traffic.readings import Reading, request_body

RESPONSE_TIMEOUT_S = 45.0  # the API promises 30; a machine may be busy
MAX_PAUSE_S = 5.0
PAUSE_S = 0.2  # after a connection that failed


class Outcome(StrEnum):
    """Outcome of one attempt."""

    ACCEPTED = "202"
    UNAVAILABLE = "503 with Retry-After"
    KEPT_CLOSED = "a kept connection was closed"
    UNREACHABLE = "a fresh connection failed"
    CUT_OFF = "a fresh connection was cut off"
    SILENT = "no response in time"


# Outcomes when nothing is at fault: a rollout, a node that is drained.
ABSORBED = frozenset({Outcome.ACCEPTED, Outcome.UNAVAILABLE, Outcome.KEPT_CLOSED})


class UnexpectedResponseError(AssertionError):
    """A response that no client can be expected to handle, or a reading was not accepted for too long."""


class RetryingClient:
    """Sends one reading after the other, over a connection that it keeps or over a fresh one each time."""

    def __init__(self, url: str, *, keep_alive: bool, retry_timeout: float, api_key: str | None = None) -> None:
        """`retry_timeout`: seconds after which a reading is not sent again."""
        self._credentials = {} if api_key is None else {"X-API-Key": api_key}
        self._address = urlsplit(url)
        self._keep_alive = keep_alive
        self._retry_timeout = retry_timeout
        self._connection = self._new_connection()

    def send(self, reading: Reading) -> list[Outcome]:
        """Send until the reading is accepted; return the outcome of each attempt. Raises UnexpectedResponseError."""
        give_up = time.monotonic() + self._retry_timeout
        outcomes: list[Outcome] = []
        while Outcome.ACCEPTED not in outcomes:
            if time.monotonic() > give_up:
                raise UnexpectedResponseError(
                    f"{reading} was not accepted within {self._retry_timeout:g} s: {outcomes[-20:]}"
                )
            outcome, pause = self._attempt(reading)
            outcomes.append(outcome)
            if outcome is not Outcome.ACCEPTED:
                time.sleep(pause)
        return outcomes

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _attempt(self, reading: Reading) -> tuple[Outcome, float]:
        if _has_ended(self._connection.sock):
            self._connection.close()
        kept = self._connection.sock is not None
        try:
            if not kept:
                self._connection.connect()
        except TimeoutError:
            return self._failed(Outcome.SILENT)
        except OSError:  # also "no route to host": the address of a pod that has gone
            return self._failed(Outcome.UNREACHABLE)
        try:
            self._connection.request("POST", "/biometrics", request_body(reading), self._headers(reading))
            response = self._connection.getresponse()
            detail = response.read()
            if not self._keep_alive:
                self._connection.close()
        except TimeoutError:
            return self._failed(Outcome.SILENT)
        except (OSError, http.client.RemoteDisconnected, http.client.IncompleteRead):
            return self._failed(Outcome.KEPT_CLOSED if kept else Outcome.CUT_OFF)
        retry_after = response.getheader("Retry-After")
        if response.status == 202:
            return Outcome.ACCEPTED, 0
        # The replica may still be handling the attempt of which the connection was lost: 409.
        if response.status in (409, 503) and retry_after is not None:
            return Outcome.UNAVAILABLE, min(float(retry_after), MAX_PAUSE_S)
        raise UnexpectedResponseError(
            f"{response.status} {response.reason}, Retry-After {retry_after}: {detail[:500]!r}"
        )

    def _failed(self, outcome: Outcome) -> tuple[Outcome, float]:
        self._connection.close()
        self._connection = self._new_connection()
        return outcome, 0 if outcome is Outcome.KEPT_CLOSED else PAUSE_S

    def _new_connection(self) -> http.client.HTTPConnection:
        assert self._address.hostname is not None
        return http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=RESPONSE_TIMEOUT_S)

    def _headers(self, reading: Reading) -> dict[str, str]:
        key = f"{reading.device}/{reading.date_time}"
        headers = {"Content-Type": "application/json", "Idempotency-Key": key, **self._credentials}
        return headers if self._keep_alive else {**headers, "Connection": "close"}


def _has_ended(kept: socket.socket | None) -> bool:
    """Whether the server has closed a kept connection: nothing but its end can come while no response is due."""
    return kept is not None and bool(select.select([kept], [], [], 0)[0])
