"""Bodies that are compressed: gzip (RFC 1952) and Zstandard (RFC 8878), inflated as they come.

The limit holds while inflating: of a body that would be larger, nothing more is read than shows that.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Protocol

from heartzone.violations import quote
from heartzone_producer.api.problems import ProblemError, ProblemKind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_WINDOW_LOG = 23
"""Eight megabytes, the largest window that the coding may have (RFC 9659)."""

MAX_MEMBERS = 1_000
"""Members of a gzip body, or frames of a Zstandard one: each costs a decoder, and empty ones hold nothing."""

SUPPORTED = "gzip, zstd"


class Decoder(Protocol):
    """One member or frame: what zlib and zstd have in common."""

    @property
    def eof(self) -> bool:
        """Whether its end has been read."""

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """The next bytes; where that is fewer than ``max_length``, all of ``data`` has been read."""


def _gzip() -> Decoder:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG})


_DECODERS: dict[str, Callable[[], Decoder]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}


class Inflation:
    """The inflated bytes of one body.

    Args:
        content_encoding: the value of the header field.
        limit: how many inflated bytes there may be.

    Raises (constructor):
        ProblemError: 415, it is not one of the supported codings, or several.
    """

    def __init__(self, content_encoding: bytes, limit: int) -> None:
        text = content_encoding.decode("latin-1")
        codings = [name for each in text.split(",") if (name := each.strip().lower()) not in ("identity", "")]
        if len(codings) > 1 or not {*codings} <= _DECODERS.keys():
            raise ProblemError(
                ProblemKind.UNSUPPORTED_MEDIA_TYPE,
                f"Content-Encoding {quote(text)} is not supported; one of {SUPPORTED} was expected, or none.",
                headers={"Accept-Encoding": SUPPORTED},
            )
        self.size = 0
        self._coding = codings[0] if codings else None
        self._limit = limit
        self._parts: list[bytes] = []
        self._members = 0
        self._decoder: Decoder | None = None

    def feed(self, data: bytes) -> None:
        """Inflate the next bytes of the body.

        Raises:
            ProblemError: 413 when there is more than the limit, 400 when they are not what the coding says.
        """
        if self._coding is None:
            return self._add(data)
        try:
            while data:
                data = self._inflate(data, self._decoder or self._next_decoder(self._coding))
        except (zlib.error, zstd.ZstdError) as error:
            raise self._corrupt("it is damaged, or something else comes after its end") from error
        return None

    def end(self) -> bytes:
        """The inflated body.

        Raises:
            ProblemError: 400, it lacks its end.
        """
        if self._coding is not None and (self._decoder is not None or not self._members):
            raise self._corrupt("it has no end")
        return b"".join(self._parts)

    def _inflate(self, data: bytes, decoder: Decoder) -> bytes:
        self._add(decoder.decompress(data, self._limit + 1 - self.size))
        if not decoder.eof:
            return b""
        self._decoder = None
        return decoder.unused_data

    def _add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            raise ProblemError(
                ProblemKind.TOO_LARGE,
                f"The body is larger than {self._limit} bytes when inflated; send fewer readings a request.",
            )
        self._parts.append(data)

    def _next_decoder(self, coding: str) -> Decoder:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise self._corrupt(f"it has more than {MAX_MEMBERS} members")
        self._decoder = _DECODERS[coding]()
        return self._decoder

    def _corrupt(self, reason: str) -> ProblemError:
        return ProblemError(
            ProblemKind.MALFORMED, f"The body is not what its Content-Encoding {self._coding} says: {reason}."
        )
