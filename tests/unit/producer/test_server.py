"""The real server on a real socket: deadlines, damaged requests, clients that hang up."""

import asyncio
import json
import logging
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartzone_producer.api.server import ApiServer, listen
from heartzone_producer.intake.biometrics import Accepted
from heartzone_producer.intake.origin import Origin
from heartzone_testing.services.raw_http import connect, exchange, read_all

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api


def _head(length: int, extra: str = "") -> bytes:
    fields = f"Host: x\r\nContent-Type: application/json\r\n{extra}Content-Length: {length}\r\n"
    return f"POST /biometrics HTTP/1.1\r\n{fields}\r\n".encode()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /biometrics HTTP/1.1\r\nHost: x\r\n", id="half of the headers"),
        pytest.param(_head(100) + b"{", id="part of the body"),
        pytest.param(_head(10_000_000) + b"{", id="part of a body that was rejected"),
    ],
)
def test_a_client_that_does_not_send_a_whole_request_in_time_is_disconnected(port: int, sent: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(sent)

        # Reading returns only because the server closes.
        received = read_all(connection)

    assert received.partition(b" ")[2][:3] in {b"", b"413"}


def test_a_connection_is_kept_for_the_next_request(port: int, course_request: bytes) -> None:
    request = _head(len(course_request)) + course_request
    with connect(port) as connection, connection.makefile("rb") as responses:
        for _ in range(3):
            connection.sendall(request)
            assert responses.readline() == b"HTTP/1.1 202 Accepted\r\n"
            while responses.readline() != b"\r\n":
                pass
            assert responses.read(len(course_request)) == course_request


def test_one_request_at_a_time_is_handled_where_one_is_allowed(api_for_one: "Api", course_request: bytes) -> None:
    """The application's lifespan, which runs all the while, does not count as one."""
    with api_for_one.served() as port:
        for _ in range(2):
            with connect(port) as connection:
                connection.sendall(_head(len(course_request), "Connection: close\r\n") + course_request)
                assert read_all(connection).startswith(b"HTTP/1.1 202 ")


def test_a_client_that_expects_100_continue_gets_it(port: int, course_request: bytes) -> None:
    with connect(port) as connection, connection.makefile("rb") as responses:
        connection.sendall(_head(len(course_request), "Expect: 100-continue\r\n"))
        assert responses.readline() == b"HTTP/1.1 100 Continue\r\n"
        connection.sendall(course_request)
        assert responses.readline() == b"\r\n"
        assert responses.readline() == b"HTTP/1.1 202 Accepted\r\n"


def test_clients_that_hang_up_leave_no_trace_in_the_log(
    port: int, api: "Api", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(5):
        with connect(port) as connection:
            connection.sendall(_head(100) + b"{")

    with connect(port) as connection:
        connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b" 404 " in read_all(connection)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


requests = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda method, target, name, value, body: (
            b"%b %b HTTP/1.1\r\n%b: %b\r\n\r\n%b" % (method, target, name, value, body)
        ),
        st.sampled_from([b"POST", b"GET", b"OPTIONS", b"CONNECT", b"get", b"BREW"]),
        st.sampled_from([b"/biometrics", b"/biometrics/raw?deviceId=%ff", b"*", b"http://[/", b"x:1", b"/\xff", b"//"])
        | st.binary(min_size=1, max_size=20),
        st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Content-Type", b"Upgrade", b"Host", b"Expect"]),
        st.sampled_from([b"5", b"-1", b"chunked", b"gzip, chunked", b"websocket", b"h2c", b"[", b"100-continue"])
        | st.binary(max_size=20),
        st.binary(max_size=50),
    ),
)


@settings(max_examples=200)
@given(st.lists(requests, min_size=1, max_size=3).map(b"".join))
def test_no_bytes_cause_an_error_of_the_server(port: int, sent: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = read_all(connection)

    assert b"HTTP/1.1 5" not in received.replace(b"HTTP/1.1 501 ", b"")
    assert b"HTTP/1.1 3" not in received


def test_what_is_not_http_gets_a_problem_document_too(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"not http\r\n\r\n")
        head, _, body = read_all(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (_head(1, "Transfer-Encoding: chunked\r\n"), "Content-Length can't be present with Transfer-Encoding"),
        (_head(1, "X: a\r\n b\r\n"), "Unexpected whitespace after header value"),
        (b"BREW /biometrics HTTP/1.1\r\nHost: x\r\n\r\n", "Invalid method encountered"),
        (b"GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n", "target is not a path"),
    ],
)
def test_the_problem_of_what_is_not_http_says_what_is_wrong(port: int, sent: bytes, detail: str) -> None:
    (response,) = exchange(port, sent)

    assert response.status == 400
    assert detail in response.json["detail"]


def test_a_request_that_is_being_handled_gets_its_response_before_the_server_ends(
    api: "Api", course_request: bytes
) -> None:
    """A stop while an acknowledgement is awaited: the response comes, then the end."""
    api.delivery.waits = True
    server = ApiServer(api.app, policy=api.policy)
    acknowledgements: list[asyncio.Future[None]] = []
    original = api.delivery.biometrics
    taken = threading.Event()

    def remember(message: Accepted, origin: Origin) -> asyncio.Future[None]:
        acknowledgement = original(message, origin)
        acknowledgements.append(acknowledgement)
        taken.set()
        return acknowledgement

    api.delivery.biometrics = remember  # type: ignore[method-assign]
    with listen(0) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with connect(port) as connection:
            connection.sendall(_head(len(course_request)) + course_request)
            assert taken.wait(10)
            server.should_exit = True
            (acknowledgement,) = acknowledgements
            acknowledgement.get_loop().call_soon_threadsafe(acknowledgement.set_result, None)
            received = read_all(connection)
        thread.join(15)

    assert not thread.is_alive()
    assert received.startswith(b"HTTP/1.1 202 ")
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == json.loads(course_request)
