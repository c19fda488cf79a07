"""Connections: how many may be open, how long they stay, and clients that close one side or do not read."""

import asyncio
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from heartzone_producer.intake.biometrics import Accepted
from heartzone_producer.intake.origin import Origin
from heartzone_testing.services.raw_http import connect, exchange, next_status, post, read_all, responses
from heartzone_testing.waiting import eventually

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

NOWHERE = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"


def _begin(port: int, course_request: bytes) -> socket.socket:
    """A connection with a request of which the server waits for the body."""
    connection = connect(port)
    request = post("/biometrics", course_request, "Expect: 100-continue\r\n")
    connection.sendall(request.removesuffix(course_request))
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return connection


def test_idle_connections_make_room_for_new_ones(api: "Api", course_request: bytes) -> None:
    """Those that have waited longest for a request go first, and a request that is coming is not disturbed."""
    with api.served(max_connections=4, request_timeout=60.0) as port, ExitStack() as stack:
        idle, used = [stack.enter_context(connect(port)) for _ in range(2)]
        busy = stack.enter_context(_begin(port, course_request))
        used.sendall(NOWHERE)
        assert next_status(used) == 404

        newcomers = [stack.enter_context(connect(port)) for _ in range(2)]
        for each in newcomers:
            each.sendall(NOWHERE)
            assert next_status(each) == 404

        assert next_status(idle) is None
        busy.sendall(course_request)
        assert next_status(busy) == 202


def test_a_connection_too_many_is_told_to_come_again_when_none_is_idle(api: "Api", course_request: bytes) -> None:
    with api.served(max_connections=3, request_timeout=60.0) as port, ExitStack() as stack:
        busy = [stack.enter_context(_begin(port, course_request)) for _ in range(3)]
        newcomer = stack.enter_context(connect(port))
        (response,) = responses(read_all(newcomer))

        assert response.status == 429
        assert int(response.headers["retry-after"]) > 0
        assert response.headers["connection"] == "close"
        busy[0].sendall(course_request)
        assert next_status(busy[0]) == 202
        with connect(port) as after:
            after.sendall(NOWHERE)
            assert next_status(after) == 404


def test_a_connection_without_a_request_is_closed_after_the_keep_alive_and_not_before(api: "Api") -> None:
    """Two requests in time; then reading returns only because the server closes."""
    with api.served(keep_alive=2.0, request_timeout=60.0) as port, connect(port) as connection:
        for _ in range(2):
            connection.sendall(NOWHERE)
            assert next_status(connection) == 404
        assert read_all(connection) == b""


@pytest.mark.parametrize("behind", [0.1, 0.9], ids=["half of a head", "half of a body"])
def test_a_request_behind_one_that_waits_is_not_late_before_that_has_its_response(
    api: "Api", course_request: bytes, behind: float
) -> None:
    taken: list[asyncio.Future[None]] = []
    store = api.delivery.biometrics
    api.delivery.waits = True

    def remember(message: Accepted, origin: Origin) -> asyncio.Future[None]:
        taken.append(store(message, origin))
        return taken[-1]

    api.delivery.biometrics = remember  # type: ignore[method-assign]
    request = post("/biometrics", course_request)
    with api.served() as port, connect(port) as connection:
        connection.sendall(request + request[: int(behind * len(request))])
        eventually(lambda: taken, "the first request is handled")
        with connect(port) as later:
            assert read_all(later) == b"", "whose time began after that of the second request"
        taken[0].get_loop().call_soon_threadsafe(taken[0].set_result, None)
        assert next_status(connection) == 202


@pytest.mark.parametrize("fields", ["", "Connection: close\r\n"])
def test_a_client_that_has_closed_its_side_gets_its_responses(api: "Api", course_request: bytes, fields: str) -> None:
    with api.served() as port:
        found = exchange(port, post("/biometrics", course_request) + post("/biometrics", course_request, fields))

    assert [response.status for response in found] == [202, 202]
    assert found[-1].headers["connection"] == "close"


def test_a_client_that_does_not_read_its_response_is_disconnected(api: "Api") -> None:
    """More than the system's buffers take is on its way; what the server could not send is not kept for ever."""
    with api.served() as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")

        def reset() -> bool:
            try:
                connection.sendall(b"\r\n")
            except OSError:
                return True
            return False

        eventually(reset, "the server gives the connection up", 10, every=0.2)
