"""A connection of the HTTP server: uvicorn's, with limits to what a client may send, and how long it may take.

uvicorn has no deadline for a request (Kludex/uvicorn#157) and none of the limits of `heads`. Every connection keeps the
time at which it is overdue, and once a second the server closes those that are; a timer for each request, which is how
uvicorn keeps idle connections, would cost the hot path.
"""

from asyncio import Transport
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from time import monotonic
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from heartzone_producer.api.capacity import make_room, too_many_connections
from heartzone_producer.api.heads import (
    FIELD_LIMIT,
    HEAD_LIMIT,
    HEAD_TOO_LARGE,
    check_head,
    check_host,
    without_upgrade,
)
from heartzone_producer.api.problems import ProblemError, ProblemKind
from heartzone_producer.api.responses import encode_problem
from heartzone_producer.rejections import Rejection

LINGER_SECONDS = 5.0
LINGER_BYTES = 16 * 1024 * 1024
"""A connection that ends with an error is read for so long, and no longer: were it closed with bytes left to read, TCP
would discard the response, too (RFC 9112, 9.6)."""

FEED_SIZE = 64 * 1024
"""Bytes that the parser gets at a time, after which the limits are looked at."""

BAD_TARGET = ProblemError(ProblemKind.MALFORMED, "The request's target is not a path, which was expected.")


@dataclass(frozen=True)
class ConnectionPolicy:
    """What all connections share.

    Attributes:
        request_timeout: seconds for a client to send a whole request, and to read its response.
        keep_alive: seconds until a connection without a request is closed.
        max_connections: how many may be open.
        rejected: counts a request that no application sees.
    """

    request_timeout: float
    keep_alive: float
    max_connections: int
    rejected: Callable[[Rejection], None]


class Stage(Enum):
    """The part of a request that is expected next."""

    BEGIN = auto()
    HEAD = auto()
    BODY = auto()


class Connection(HttpToolsProtocol):
    """One connection. `deadline` is when it is overdue, by the monotonic clock; None while the server is at work."""

    def __init__(self, policy: ConnectionPolicy, **uvicorn_arguments: Any) -> None:
        super().__init__(**uvicorn_arguments)
        self.deadline: float | None = None
        self._unsent_since: float | None = None
        self._policy = policy
        self._stage = Stage.BEGIN
        self._unread = 0
        """Bytes of earlier feeds since the request began, or since the latest byte of its body."""
        self._feed_size = 0
        self._upgrade = False
        self._problem: ProblemError | None = None
        self._last_response: bytes | None = None
        self._ending = False
        self._lingered = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A request is expected from now on."""
        super().connection_made(transport)
        self.deadline = monotonic() + self._policy.request_timeout
        limit = self._policy.max_connections
        if len(self.connections) > limit and not make_room(self.connections, self, limit):  # type: ignore[arg-type]
            problem = too_many_connections(limit)
            self._ending = True
            self._policy.rejected(problem.reason)
            self.transport.write(encode_problem(problem, self.server_state.default_headers))
            self.transport.close()

    def close_if_overdue(self, now: float) -> None:
        """End when the client takes too long to send a request, or to read a response: looked at once a second."""
        if not self.transport.get_write_buffer_size():
            self._unsent_since = None
        elif self._unsent_since is None:
            self._unsent_since = now
        elif now - self._unsent_since > self._policy.request_timeout:
            return self.transport.abort()  # one that is closed waits for its client to read
        if self.deadline is not None and self.deadline < now and not self._is_at_work():
            self.transport.close()
        return None

    def _is_at_work(self) -> bool:
        """Whether a request that is all here has no response yet: those behind it are not late before it has."""
        cycle = self.cycle
        last = self._stage is not Stage.BODY and cycle is not None and not cycle.response_complete
        return last or bool(self.pipeline)

    def is_idle(self) -> bool:
        """Whether it is open and neither the client nor the server is at work on a request."""
        served = self.cycle is None or self.cycle.response_complete
        return self._stage is Stage.BEGIN and served and not self._ending and not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Parse, a part at a time."""
        if len(data) <= FEED_SIZE:
            return self._feed(data)
        for start in range(0, len(data), FEED_SIZE):
            self._feed(data[start : start + FEED_SIZE])
        return None

    def eof_received(self) -> bool:  # type: ignore[override]
        """Respond to what was sent before a client closed its side, as to any other request."""
        if not self.transport.can_write_eof():  # TLS, where there is no side to close
            return False
        if self._ending:
            return self._last_response is not None
        if self._stage is not Stage.BEGIN or self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """A request has begun."""
        super().on_message_begin()
        self._stage = Stage.HEAD
        self._unread = 0
        self.deadline = monotonic() + self._policy.request_timeout

    def on_headers_complete(self) -> None:
        """The head is all here; its body is what follows, also when an upgrade is asked for."""
        names = [name for name, _ in self.headers]
        if self._unread + self._feed_size > HEAD_LIMIT or len(names) > FIELD_LIMIT:
            self._check(check_head, self.url, self.headers)
        if names.count(b"host") != 1:
            self._check(check_host, names.count(b"host"), self.parser.get_http_version())
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise self._note(ProblemError(ProblemKind.MALFORMED, "CONNECT is for proxies, and this is none."))
            self._upgrade = True
            return
        super().on_headers_complete()
        self.headers = []  # trailer fields come next, and they are none of the header's (RFC 9110, 6.5.1)
        self._stage = Stage.BODY
        if self.scope["http_version"] != "1.1":
            self._check_version(self.scope["http_version"])

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is all here; how long its response takes is not the client's fault."""
        if self._upgrade:
            return
        if self.headers:
            self._check(check_head, b"", self.headers)
        super().on_message_complete()
        self._stage = Stage.BEGIN
        self.deadline = monotonic() + self._policy.keep_alive if self.cycle.response_complete else None

    def on_response_complete(self) -> None:
        """Begin with the next request if it is here, or wait for it."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_response is not None:
            self._end(self._last_response)
        else:
            idle = self._stage is Stage.BEGIN
            self.deadline = monotonic() + (self._policy.keep_alive if idle else self._policy.request_timeout)

    def _feed(self, data: bytes) -> None:
        if self._ending:
            return self._linger(len(data))
        self._feed_size = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            self._reject(self._problem or BAD_TARGET)
        except httptools.HttpParserError as error:
            self._reject(ProblemError(ProblemKind.MALFORMED, f"The request is not HTTP/1.1: {error}."))
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        else:
            if self._stage is not Stage.BEGIN:
                self._unread += len(data)
                # The first of them may have had the end of another request, hence the allowance.
                if self._unread > HEAD_LIMIT + FEED_SIZE:
                    self._reject(HEAD_TOO_LARGE)
        return None

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Parse the head again as it reads without its Upgrade: the parser takes what follows one for no HTTP."""
        self._upgrade = False
        head = without_upgrade(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.data_received(head + rest)

    def _check_version(self, version: str) -> None:
        if version != "1.0":  # the parser knows 0.9 and 2.0, too
            raise self._note(ProblemError(ProblemKind.MALFORMED, f"The request is HTTP/{version}; 1.1 was expected."))
        self.cycle.waiting_for_100_continue = False  # RFC 9110, 10.1.1

    def _check(self, check: Callable[..., None], *arguments: Any) -> None:
        try:
            check(*arguments)
        except ProblemError as problem:
            raise self._note(problem) from None

    def _note(self, problem: ProblemError) -> ProblemError:
        """Keep what the parser makes a bare HttpParserError of."""
        self._problem = problem
        return problem

    def _reject(self, problem: ProblemError) -> None:
        """Take no more of this connection; respond after the requests that came before."""
        self._ending = True
        self._policy.rejected(problem.reason)
        response = encode_problem(problem, self.server_state.default_headers)
        cycle = self.cycle
        if self._stage is not Stage.BODY:  # no application knows of the request
            if cycle is None or cycle.response_complete:
                return self._end(response)
            self._last_response = response
        elif self.pipeline and self.pipeline[0][0] is cycle:  # none yet
            self.pipeline.popleft()
            self._last_response = response
        elif cycle.response_started:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._end(response)
        return None

    def _end(self, response: bytes) -> None:
        self._ending = True
        self._last_response = None
        self.transport.write(response)
        if not self.transport.can_write_eof():  # TLS
            return self.transport.close()
        self.transport.write_eof()
        self.flow.resume_reading()
        self.deadline = monotonic() + LINGER_SECONDS
        return None

    def _linger(self, size: int) -> None:
        self._lingered += size
        if self._lingered > LINGER_BYTES:
            self.transport.close()
