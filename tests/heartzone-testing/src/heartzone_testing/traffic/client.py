"""A client as the producer's README wants it: it sends a reading until it is accepted, and knows why it had to.

Kept connections and fresh ones are told apart. HTTP lets a server close a connection that is idle. As other clients do,
this one looks before it sends; a request that crosses the close has to be sent again all the same (RFC 9112, section
9.5). On a fresh connection there is no such excuse.
"""

import http.client
import select
import socket
import time
from enum import StrEnum
from urllib.parse import urlsplit

from heartzone_testing.traffic.readings import Reading, request_body

ANSWER_WITHIN_S = 20.0  # the API promises 5; a machine may be busy
LONGEST_PAUSE_S = 5.0
PAUSE_S = 0.2  # after a connection that failed


class Outcome(StrEnum):
    """What came of one attempt."""

    ACCEPTED = "202"
    UNAVAILABLE = "503 with Retry-After"
    KEPT_CLOSED = "a kept connection was closed"
    REFUSED = "a fresh connection was refused"
    CUT_OFF = "a fresh connection was cut off"
    SILENT = "no answer in time"


# What clients meet when nothing is at fault: a rollout, a node that is drained.
ABSORBED = frozenset({Outcome.ACCEPTED, Outcome.UNAVAILABLE, Outcome.KEPT_CLOSED})


class UnexpectedResponseError(AssertionError):
    """The API answered what no client can be asked to absorb, or a reading was not accepted for too long."""


class RetryingClient:
    """Sends one reading after the other, over a connection that it keeps or over a fresh one each time."""

    def __init__(self, url: str, *, keep_alive: bool, patience: float) -> None:
        """`patience`: for how many seconds a reading is sent again."""
        self._address = urlsplit(url)
        self._keep_alive = keep_alive
        self._patience = patience
        self._connection = self._new_connection()

    def send(self, reading: Reading) -> list[Outcome]:
        """Send until the reading is accepted; return what came of each attempt. Raises UnexpectedResponseError."""
        give_up = time.monotonic() + self._patience
        outcomes: list[Outcome] = []
        while Outcome.ACCEPTED not in outcomes:
            if time.monotonic() > give_up:
                raise UnexpectedResponseError(
                    f"{reading} was not accepted within {self._patience:g} s: {outcomes[-20:]}"
                )
            outcome, pause = self._attempt(request_body(reading))
            outcomes.append(outcome)
            if outcome is not Outcome.ACCEPTED:
                time.sleep(pause)
        return outcomes

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _attempt(self, body: bytes) -> tuple[Outcome, float]:
        if _has_ended(self._connection.sock):
            self._connection.close()
        kept = self._connection.sock is not None
        try:
            if not kept:
                self._connection.connect()
        except TimeoutError:
            return self._failed(Outcome.SILENT)
        except OSError:  # also "no route to host": the address of a pod that has gone
            return self._failed(Outcome.REFUSED)
        try:
            self._connection.request("POST", "/biometrics", body, self._headers())
            answer = self._connection.getresponse()
            detail = answer.read()
            if not self._keep_alive:
                self._connection.close()
        except TimeoutError:
            return self._failed(Outcome.SILENT)
        except (OSError, http.client.RemoteDisconnected, http.client.IncompleteRead):
            return self._failed(Outcome.KEPT_CLOSED if kept else Outcome.CUT_OFF)
        retry_after = answer.getheader("Retry-After")
        if answer.status == 202:
            return Outcome.ACCEPTED, 0
        if answer.status == 503 and retry_after is not None:
            return Outcome.UNAVAILABLE, min(float(retry_after), LONGEST_PAUSE_S)
        raise UnexpectedResponseError(f"{answer.status} {answer.reason}, Retry-After {retry_after}: {detail[:500]!r}")

    def _failed(self, outcome: Outcome) -> tuple[Outcome, float]:
        self._connection.close()
        self._connection = self._new_connection()
        return outcome, 0 if outcome is Outcome.KEPT_CLOSED else PAUSE_S

    def _new_connection(self) -> http.client.HTTPConnection:
        assert self._address.hostname is not None
        return http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=ANSWER_WITHIN_S)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        return headers if self._keep_alive else {**headers, "Connection": "close"}


def _has_ended(kept: socket.socket | None) -> bool:
    """Whether the server has closed a kept connection: nothing but its end can come while no answer is due."""
    return kept is not None and bool(select.select([kept], [], [], 0)[0])
