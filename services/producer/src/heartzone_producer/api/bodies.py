"""Read a request's body, within its limits of form and size."""

from email.message import Message

from starlette.types import Receive, Scope

from heartzone.violations import quote
from heartzone_producer.api.body_limits import BodyLimits, HeldBody
from heartzone_producer.api.content_codings import Inflation
from heartzone_producer.api.header_fields import HeaderFields, header_fields
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
        media_type, coding = self._check(header_fields(scope))
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

    def _check(self, fields: HeaderFields) -> tuple[str, bytes | None]:
        length = fields.get(b"content-length")
        if length is None:
            _check_transfer_coding(fields.get(b"transfer-encoding", b""))
        # The HTTP parser has checked that these are digits.
        elif len(length) > 20 or int(length) > self._limits.size:
            raise self._limits.too_large()
        media_type = fields.get(b"content-type")
        if media_type is not None:
            return self._known.get(media_type) or self._media_type(media_type), fields.get(b"content-encoding")
        if self._media_types:
            raise ProblemError(
                ProblemKind.UNSUPPORTED_MEDIA_TYPE, f"There is no Content-Type; {self._expected()} was expected."
            )
        return "", fields.get(b"content-encoding")

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


def _check_transfer_coding(codings: bytes) -> None:
    """Raise ProblemError for what is coded in another way than in chunks (RFC 9112, 6.1): 501."""
    if codings and codings.strip().lower() != b"chunked":
        raise ProblemError(
            ProblemKind.UNSUPPORTED_TRANSFER_CODING,
            f"Transfer-Encoding {quote(codings.decode('latin-1'))} is not supported; chunked was expected. Compression"
            " belongs into Content-Encoding.",
        )
