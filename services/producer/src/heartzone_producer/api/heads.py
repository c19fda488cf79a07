"""Heads of requests: how large they may be, and how one reads without an upgrade that is not taken."""

from collections.abc import Sequence

from heartzone_producer.api.problems import ProblemError, ProblemKind

HEAD_LIMIT = 64 * 1024
"""Bytes of a request line with its header fields, of the trailer fields, and of what lies between two chunks."""

FIELD_LIMIT = 100
"""Header fields of a request, and trailer fields of a chunked body."""

Fields = Sequence[tuple[bytes, bytes]]

HEAD_TOO_LARGE = ProblemError(
    ProblemKind.HEAD_TOO_LARGE,
    f"The request line and header fields, or the trailer fields, are larger than {HEAD_LIMIT} bytes; send less.",
)


def check_head(target: bytes, fields: Fields) -> None:
    """Return quietly when a head, or a trailer section, is within its limits.

    Raises:
        ProblemError: 431, which has too many fields or bytes.
    """
    if len(fields) > FIELD_LIMIT:
        raise ProblemError(
            ProblemKind.HEAD_TOO_LARGE,
            f"The request has {len(fields)} header or trailer fields; at most {FIELD_LIMIT} are accepted.",
        )
    # ": " and the end of the line; the request line has about as much beside the target.
    if len(target) + 16 + sum(len(name) + len(value) + 4 for name, value in fields) > HEAD_LIMIT:
        raise HEAD_TOO_LARGE


def check_host(count: int, version: str) -> None:
    """Return quietly when a request has as many Host fields as its version has it (RFC 9112, 3.2).

    Raises:
        ProblemError: 400, there is none in HTTP/1.1, or there are several.
    """
    if count > 1 or (count == 0 and version == "1.1"):
        raise ProblemError(ProblemKind.MALFORMED, f"The request has {count} Host fields; one was expected.")


def without_upgrade(method: bytes, target: bytes, version: str, fields: Fields) -> bytes:
    """The head as it reads for a server that ignores its Upgrade (RFC 9110, 7.8)."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    for name, value in fields:
        if name == b"connection":
            options = [each for each in value.split(b",") if each.strip().lower() != b"upgrade"]
            lines.append(b"connection: %b" % b",".join(options).strip())
        elif name != b"upgrade":
            lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", b""])
