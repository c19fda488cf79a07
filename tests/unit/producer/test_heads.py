"""Heads of requests: at most 64 KiB and 100 fields, wherever they end, and if they never do."""

from typing import TYPE_CHECKING

import pytest

from heartzone_producer.api.heads import FIELD_LIMIT, HEAD_LIMIT
from heartzone_testing.services.raw_http import connect, exchange, post, post_chunked, read_all, responses

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

NOWHERE = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n"


def fields(count: int) -> str:
    return "".join(f"X-{number}: 1\r\n" for number in range(count))


def head_of(size: int) -> bytes:
    """A request without a body whose head has so many bytes."""
    start = NOWHERE + b"X: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(head_of(HEAD_LIMIT - 100), 404, id="a field that just fits"),
        pytest.param(head_of(HEAD_LIMIT + 100), 431, id="a field that does not"),
        pytest.param(head_of(10_000_000), 431, id="a field of megabytes"),
        pytest.param(b"GET /" + b"x" * (HEAD_LIMIT - 100) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="a long target"),
        pytest.param(b"GET /" + b"x" * 10_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, id="a target of megabytes"),
        pytest.param(NOWHERE + fields(FIELD_LIMIT - 1).encode() + b"\r\n", 404, id="as many fields as may be"),
        pytest.param(NOWHERE + fields(FIELD_LIMIT).encode() + b"\r\n", 431, id="one field too many"),
        pytest.param(NOWHERE + fields(200_000).encode() + b"\r\n", 431, id="fields by the thousand"),
        pytest.param(
            NOWHERE + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + fields(200).encode() + b"\r\n",
            431,
            id="and an upgrade",
        ),
    ],
)
def test_a_head_is_rejected_that_is_too_large(port_of_module: int, sent: bytes, status: int) -> None:
    (response,) = exchange(port_of_module, sent)

    assert response.status == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json["status"] == status


@pytest.mark.parametrize("part", [b"x", b"x: y\r\n"], ids=["a name", "fields"])
def test_a_head_that_never_ends_is_rejected_while_it_comes(port_of_module: int, part: bytes) -> None:
    """The response comes although the client has not closed its side."""
    with connect(port_of_module) as connection:
        connection.sendall(NOWHERE + part * (3 * HEAD_LIMIT // len(part)))
        (response,) = responses(read_all(connection))

    assert response.status == 431


def test_a_head_counts_from_its_own_beginning(port_of_module: int) -> None:
    """Several requests in one packet: what came before the last one is not its head."""
    several = (NOWHERE + b"\r\n") * (HEAD_LIMIT // len(NOWHERE))
    with connect(port_of_module) as connection:
        connection.sendall(several + NOWHERE)
        connection.sendall(fields(50).encode())
        connection.sendall(b"Connection: close\r\n\r\n")
        statuses = [response.status for response in responses(read_all(connection))]

    assert statuses == [404] * (len(several) // len(NOWHERE + b"\r\n") + 1)


def test_requests_before_one_with_too_large_a_head_get_their_responses_first(
    port_of_module: int, course_request: bytes
) -> None:
    requests = post("/biometrics", course_request) * 3

    statuses = [response.status for response in exchange(port_of_module, requests + head_of(2 * HEAD_LIMIT) + requests)]

    assert statuses == [202, 202, 202, 431]


def test_what_is_not_http_gets_its_response_after_the_requests_before_it(
    port_of_module: int, course_request: bytes
) -> None:
    statuses = [
        response.status
        for response in exchange(port_of_module, post("/biometrics", course_request) + b"not http\r\n\r\n")
    ]

    assert statuses == [202, 400]


@pytest.mark.parametrize(
    ("trailers", "status"),
    [
        pytest.param("X-Checksum: 1\r\n", 202, id="one"),
        pytest.param("Content-Type: text/plain\r\nContent-Encoding: br\r\n", 202, id="names of header fields"),
        pytest.param(fields(FIELD_LIMIT), 202, id="as many as may be"),
        pytest.param(fields(FIELD_LIMIT + 1), 431, id="one too many"),
        pytest.param(f"X: {'x' * HEAD_LIMIT}\r\n", 431, id="too long"),
        pytest.param(f"X: {'x' * 10_000_000}\r\n", 431, id="megabytes"),
        pytest.param(fields(200_000), 431, id="thousands"),
    ],
)
def test_trailer_fields_have_the_limits_of_a_head(
    api: "Api", port: int, course_request: bytes, trailers: str, status: int
) -> None:
    chunks = [course_request[:50], course_request[50:]]

    (response,) = exchange(port, post_chunked("/biometrics", chunks, trailers=trailers))

    assert response.status == status
    assert len(api.delivery.payloads) == (status == 202)


def test_a_chunk_s_extension_that_never_ends_is_rejected(port_of_module: int) -> None:
    with connect(port_of_module) as connection:
        connection.sendall(post_chunked("/biometrics", [])[:-5] + b"5;" + b"x" * (3 * HEAD_LIMIT))
        (response,) = responses(read_all(connection))

    assert response.status == 431


def test_small_chunks_of_a_large_body_are_no_large_head(port_of_module: int, course_request: bytes) -> None:
    """A hundred kilobytes that frame four."""
    body = course_request.ljust(4096)
    chunks = [body[at : at + 1] for at in range(4096)]

    (response,) = exchange(port_of_module, post_chunked("/biometrics", chunks, fields="", trailers=""))

    assert response.status == 202


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param("GET /nowhere HTTP/1.1\r\n", 400, id="none"),
        pytest.param("GET /nowhere HTTP/1.1\r\nHost: x\r\nHost: x\r\n", 400, id="two"),
        pytest.param("GET /nowhere HTTP/1.0\r\n", 404, id="none before there was one"),
        pytest.param("GET /nowhere HTTP/1.1\r\nHost:\r\n", 404, id="empty"),
        pytest.param("GET http://x/nowhere HTTP/1.1\r\nHost: x\r\n", 404, id="in the target, too"),
    ],
)
def test_a_request_has_one_host(port_of_module: int, head: str, status: int) -> None:
    (response,) = exchange(port_of_module, f"{head}\r\n".encode())

    assert response.status == status


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0", "11"])
@pytest.mark.parametrize("before", [0, 1], ids=["first", "after another"])
def test_another_version_is_not_spoken(api: "Api", port: int, course_request: bytes, version: str, before: int) -> None:
    request = post("/biometrics", course_request)
    other = request.replace(b"HTTP/1.1", f"HTTP/{version}".encode(), 1)

    statuses = [response.status for response in exchange(port, request * before + other + request)]

    assert statuses == [202] * before + [400]
    assert len(api.delivery.payloads) == before


def test_a_client_of_http_1_0_expects_no_100(port_of_module: int, course_request: bytes) -> None:
    request = post("/biometrics", course_request, "Expect: 100-continue\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1)

    statuses = [response.status for response in exchange(port_of_module, request)]

    assert statuses == [202]


def test_heads_that_are_too_large_are_counted(api: "Api", port: int) -> None:
    exchange(port, head_of(2 * HEAD_LIMIT))

    assert api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "head_too_large"}) == 1
