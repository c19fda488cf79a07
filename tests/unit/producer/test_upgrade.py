"""An Upgrade that is not taken is ignored (RFC 9110, 7.8): the request is one like any other."""

import base64
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heartzone_testing.java.program import run_java
from heartzone_testing.services.raw_http import connect, exchange, post, post_chunked, read_all, responses

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
NEXT = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"


def framed(body: bytes, fields: str, *, chunked: bool) -> bytes:
    return post_chunked("/biometrics", [body[:10], body[10:]], fields) if chunked else post("/biometrics", body, fields)


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_post_is_read_with_its_body_and_so_is_what_follows(
    api: "Api", port: int, course_request: bytes, chunked: bool, count: int
) -> None:
    request = framed(course_request, H2C, chunked=chunked)

    statuses = [response.status for response in exchange(port, request * count + NEXT)]

    assert statuses == [202] * count + [404]
    assert len(api.delivery.payloads) == count


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_it_does_not_matter_how_a_post_is_cut_into_packets(
    port_of_module: int, course_request: bytes, chunked: bool
) -> None:
    request = framed(course_request, H2C, chunked=chunked)
    with connect(port_of_module) as connection:
        for at in range(0, len(request), 7):
            connection.sendall(request[at : at + 7])
        connection.sendall(NEXT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        statuses = [response.status for response in responses(read_all(connection))]

    assert statuses == [202, 404]


@pytest.mark.parametrize(
    ("fields", "connection"),
    [
        pytest.param("Connection: upgrade\r\nUpgrade: a, b\r\n", None, id="several protocols"),
        pytest.param("Connection: close, Upgrade\r\nUpgrade: x\r\n", "close", id="and closes"),
        pytest.param("Connection: UPGRADE\r\nUpgrade: x\r\nConnection: close\r\n", "close", id="in two fields"),
        pytest.param("Connection: Upgrade\r\nUpgrade: x\r\nExpect: 100-continue\r\n", None, id="and expects"),
        pytest.param("Upgrade: x\r\n", None, id="without a Connection"),
    ],
)
def test_what_else_a_head_says_still_holds(
    port_of_module: int, course_request: bytes, fields: str, connection: str | None
) -> None:
    found = exchange(port_of_module, post("/biometrics", course_request, fields))

    assert [response.status for response in found if response.status != 100] == [202]
    assert found[-1].headers.get("connection") == connection


def test_a_websocket_s_handshake_gets_an_ordinary_response(port_of_module: int) -> None:
    key = base64.b64encode(bytes(16)).decode()
    fields = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"

    (response,) = exchange(port_of_module, f"GET /biometrics HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())

    assert response.status == 405
    assert response.headers["allow"] == "POST"


def test_what_is_sent_as_another_protocol_is_not_http(port_of_module: int) -> None:
    """A client that does not wait for 101 and goes on in HTTP/2."""
    fields = H2C.encode()
    with connect(port_of_module) as connection:
        connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        statuses = [response.status for response in responses(read_all(connection))]

    assert statuses == [404, 400]


@pytest.mark.parametrize("target", ["x:443", "/biometrics"])
def test_a_tunnel_is_not_opened(port_of_module: int, target: str) -> None:
    (response,) = exchange(port_of_module, f"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n{'GET / HTTP/1.1'}".encode())

    assert response.status == 400


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_that_asks_for_http2_is_served(port_of_module: int, course_request: bytes, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(course_request)
    command = ["curl", "--silent", "--http2", "--write-out", "%{http_code}", "--data-binary", f"@{body}"]
    for framing in ([], ["--header", "Transfer-Encoding: chunked"]):
        ended = subprocess.run(
            [
                *command,
                *framing,
                "--header",
                "Content-Type: application/json",
                f"http://127.0.0.1:{port_of_module}/biometrics",
            ],
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert ended.stdout == course_request + b"202"


def test_the_jdk_s_own_client_is_served(port_of_module: int, course_request: bytes, tmp_path: Path) -> None:
    source = Path(__file__).with_name("PostTwice.java")

    printed = run_java(
        source, f"http://127.0.0.1:{port_of_module}/biometrics", course_request.decode(), classes=tmp_path
    )

    assert printed.splitlines() == [f"202 HTTP_1_1 {course_request.decode()}"] * 2
