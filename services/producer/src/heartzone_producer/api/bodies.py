"""Read a request's body, within its limits of form and size."""

from email.message import Message

from starlette.types import Receive, Scope

from heartzone.violations import quote
from heartzone_producer.api.body_limits import BodyLimits, HeldBody
from heartzone_producer.api.content_codings import Inflation
from heartzone_producer.api.problems import ProblemError, ProblemKind

JSON = "application/json"
NDJSON = "application/x-ndjson"


class ClientDisconnectedError(Exception):
    """The client closed the connection before its request was complete: nobody is there to respond to."""


class BodyReader:
    """Reads bodies within limits whose media type is one of ``media_types`` (any, when there is none)."""

    def __init__(self, limits: BodyLimits, *media_types: str) -> None:
        self._limits = limits
        self._media_types = media_types
        # What clients write by the million, so that it is parsed once.
        self._known = {f"{each}{charset}".encode(): each for each in media_types for charset in ("", "; charset=utf-8")}

    async def read(self, scope: Scope, receive: Receive) -> tuple[str, bytes]:
        """The media type and the body.

        Raises:
            ProblemError: 413, 415, 429 or 501; 400 when it is not compressed as its Content-Encoding says.
            ClientDisconnectedError: the connection ended first.
        """
        media_type, coding = self._check_headers(scope["headers"])
        if coding is not None:
            return media_type, await self._inflate(coding, receive)
        message = await receive()
        if not message.get("more_body"):
            if message["type"] == "http.disconnect":
                raise ClientDisconnectedError
            body: bytes = message["body"]
            if len(body) > self._limits.size:
                raise self._limits.too_large()
            return media_type, body
        return media_type, await self._read_rest(message["body"], receive)

    async def _read_rest(self, first: bytes, receive: Receive) -> bytes:
        parts, size, more = [first], len(first), True
        with HeldBody(self._limits) as held:
            while more:
                held.grow(size)
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnectedError
                parts.append(message["body"])
                size += len(message["body"])
                more = message["more_body"]
            held.grow(size)
            return b"".join(parts)

    async def _inflate(self, coding: bytes, receive: Receive) -> bytes:
        inflation = Inflation(coding, self._limits.size)
        more = True
        with HeldBody(self._limits) as held:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnectedError
                inflation.feed(message["body"])
                held.grow(inflation.size)
                more = message["more_body"]
            return inflation.end()

    def _check_headers(self, headers: list[tuple[bytes, bytes]]) -> tuple[str, bytes | None]:
        media_type = "" if not self._media_types else None
        coding = None
        has_length = False
        for name, value in headers:
            if name == b"content-type":
                media_type = self._known.get(value) or self._media_type(value)
            elif name == b"content-length":
                # The HTTP parser has checked that these are digits.
                has_length = True
                if len(value) > 20 or int(value) > self._limits.size:
                    raise self._limits.too_large()
            elif name == b"content-encoding":
                coding = value if coding is None else b"%b,%b" % (coding, value)
        if not has_length:
            _check_transfer_coding(headers)
        if media_type is None:
            raise ProblemError(
                ProblemKind.UNSUPPORTED_MEDIA_TYPE, f"There is no Content-Type; {self._expected()} was expected."
            )
        return media_type, coding

    def _media_type(self, value: bytes) -> str:
        text = value.decode("latin-1")
        parsed = Message()
        parsed["Content-Type"] = text
        media_type = text.partition(";")[0].strip().lower()
        charset = parsed.get_content_charset("utf-8")
        if charset not in ("utf-8", "utf8"):
            raise ProblemError(
                ProblemKind.UNSUPPORTED_MEDIA_TYPE,
                f"The charset of Content-Type {quote(text)} is not UTF-8, which was expected.",
            )
        if self._media_types and media_type not in self._media_types:
            raise ProblemError(
                ProblemKind.UNSUPPORTED_MEDIA_TYPE,
                f"Content-Type {quote(text)} is not supported; {self._expected()} was expected.",
            )
        return media_type

    def _expected(self) -> str:
        return " or ".join(self._media_types)


def _check_transfer_coding(headers: list[tuple[bytes, bytes]]) -> None:
    """Raise ProblemError for what is coded in another way than in chunks (RFC 9112, 6.1): 501."""
    codings = b",".join(value for name, value in headers if name == b"transfer-encoding")
    if codings and codings.strip().lower() != b"chunked":
        raise ProblemError(
            ProblemKind.UNSUPPORTED_TRANSFER_CODING,
            f"Transfer-Encoding {quote(codings.decode('latin-1'))} is not supported; chunked was expected. Compression"
            " belongs into Content-Encoding.",
        )
