"""HTTP by its bytes, for what no client library would send."""

import socket
from http.client import HTTPResponse, RemoteDisconnected

from heartzone_testing.services.response import Response


def connect(port: int) -> socket.socket:
    """A connection to a server of this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes; a reset counts as that."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def next_status(connection: socket.socket) -> int | None:
    """The status of the next response, read to its end; none where the server closes instead.

    For connections on which one request waits at a time: what came behind the response is read with it.
    """
    with HTTPResponse(connection) as response:
        try:
            response.begin()
        except (RemoteDisconnected, ConnectionResetError):
            return None
        response.read()
        return response.status


def exchange(port: int, sent: bytes) -> list[Response]:
    """The responses to bytes, after which the client closes its side."""
    with connect(port) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return responses(read_all(connection))


def responses(received: bytes) -> list[Response]:
    """Responses that came one after the other, each with a Content-Length."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(fields.get("content-length", 0))
        found.append(Response(int(status.split()[1]), fields, rest[:length]))
        received = rest[length:]
    return found


def post(path: str, body: bytes, fields: str = "") -> bytes:
    """A POST of JSON with further header fields, each with its CRLF."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{fields}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def post_chunked(path: str, chunks: list[bytes], fields: str = "", trailers: str = "") -> bytes:
    """The same in chunks, with trailer fields after them."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{fields}"
    parts = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + parts + f"0\r\n{trailers}\r\n".encode()
