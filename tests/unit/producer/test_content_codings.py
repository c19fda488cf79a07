"""Compressed bodies: inflated as they come, within the limit of any body."""

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone_producer.api.content_codings import MAX_MEMBERS, Inflation
from heartzone_producer.api.problems import ProblemError
from heartzone_testing.services.raw_http import exchange, post_chunked
from heartzone_testing.services.response import Response

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

BODY_LIMIT = 4096
COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
CODINGS = pytest.mark.parametrize("coding", COMPRESS)


def _post(api: "Api", body: bytes, coding: str, *, chunks: int = 1, path: str = "/biometrics") -> Response:
    headers = {"content-type": "application/json", "content-encoding": coding}
    return api.request("POST", path, body, headers=headers, chunks=chunks)


@CODINGS
@pytest.mark.parametrize("chunks", [1, 3, 1000])
def test_a_compressed_body_is_taken_as_the_same_one_that_is_not(
    api: "Api", course_request: bytes, coding: str, chunks: int
) -> None:
    response = _post(api, COMPRESS[coding](course_request), coding, chunks=chunks)

    assert (response.status, response.body) == (202, course_request)


@pytest.mark.parametrize("name", ["GZIP", "x-gzip", " gzip ", "identity, gzip"])
def test_a_coding_has_several_spellings(api: "Api", course_request: bytes, name: str) -> None:
    assert _post(api, gzip.compress(course_request), name).status == 202


@CODINGS
def test_texts_and_batches_may_be_compressed_too(api: "Api", course_request: bytes, coding: str) -> None:
    batch = COMPRESS[coding](b"[" + course_request + b"]")

    assert _post(api, batch, coding, path="/biometrics/batch").json["accepted"] == 1
    assert _post(api, COMPRESS[coding](b"a text"), coding, path="/biometrics/raw").status == 202
    assert api.delivery.texts == [(None, b"a text")]


@CODINGS
def test_several_members_are_one_body(api: "Api", course_request: bytes, coding: str) -> None:
    compress = COMPRESS[coding]

    body = compress(course_request[:50]) + compress(b"") + compress(course_request[50:])

    assert _post(api, body, coding, chunks=7).status == 202


@CODINGS
@pytest.mark.parametrize("chunks", [1, 5])
def test_the_limit_is_one_of_inflated_bytes(api: "Api", course_request: bytes, coding: str, chunks: int) -> None:
    compress = COMPRESS[coding]

    assert _post(api, compress(course_request.ljust(BODY_LIMIT)), coding, chunks=chunks).status == 202
    assert _post(api, compress(course_request.ljust(BODY_LIMIT + 1)), coding, chunks=chunks).status == 413


def _damaged(coding: str, body: bytes) -> dict[str, bytes]:
    compressed = COMPRESS[coding](body)
    return {
        "empty": b"",
        "not compressed": body,
        "without its end": compressed[:-1],
        "its beginning alone": compressed[:5],
        "with something after it": compressed + b"{}",
        "with zeros after it": compressed + b"\0" * 8,
        "a second one without its end": compressed + compressed[:-5],
        "another coding": COMPRESS["zstd" if coding == "gzip" else "gzip"](body),
        "a damaged checksum": compressed[:-5] + bytes([compressed[-5] ^ 1]) + compressed[-4:],
    }


@pytest.mark.parametrize(
    ("coding", "damage"), [(coding, damage) for coding in COMPRESS for damage in _damaged(coding, b"x")]
)
@pytest.mark.parametrize("chunks", [1, 1000])
def test_what_is_damaged_is_rejected(api: "Api", course_request: bytes, coding: str, damage: str, chunks: int) -> None:
    response = _post(api, _damaged(coding, course_request)[damage], coding, chunks=chunks)

    if coding == "zstd" and damage == "a damaged checksum":
        assert response.status in (400, 422), "zstd.compress writes none by default"
    else:
        assert response.status == 400
        assert coding in response.json["detail"]
    assert api.delivery.payloads == []


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd, gzip", "gzip;q=1", "\xff"])
def test_other_codings_are_not_supported_and_the_response_says_which_are(
    api: "Api", course_request: bytes, coding: str
) -> None:
    response = _post(api, gzip.compress(course_request), coding)

    assert response.status == 415
    assert response.headers["accept-encoding"] == "gzip, zstd"


def _bomb(coding: str, megabytes: int) -> bytes:
    if coding == "gzip":
        compressor = zlib.compressobj(wbits=31)
        parts = [compressor.compress(bytes(1024 * 1024)) for _ in range(megabytes)]
        return b"".join([*parts, compressor.flush()])
    with_frames = zstd.ZstdCompressor()
    return b"".join([*(with_frames.compress(bytes(1024 * 1024)) for _ in range(megabytes)), with_frames.flush()])


@CODINGS
def test_a_bomb_is_rejected_while_it_is_inflated_and_not_after(coding: str) -> None:
    """A hundred megabytes that take none of memory."""
    bomb, limit = _bomb(coding, 100), 64 * 1024
    inflation = Inflation(coding.encode(), limit)
    tracemalloc.start()
    try:
        with pytest.raises(ProblemError, match="larger than 65536 bytes when inflated"):
            inflation.feed(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert inflation.size == limit + 1
    assert peak < 2 * len(bomb) + 10 * limit


def test_a_window_that_takes_more_memory_than_the_coding_may_is_rejected() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 24, zstd.CompressionParameter.content_size_flag: 0}
    compressor = zstd.ZstdCompressor(options=options)

    with pytest.raises(ProblemError, match="damaged"):
        Inflation(b"zstd", 1000).feed(compressor.compress(b"x") + compressor.flush())


@CODINGS
def test_members_without_content_have_a_limit(coding: str) -> None:
    empty = COMPRESS[coding](b"")
    Inflation(coding.encode(), 1000).feed(empty * MAX_MEMBERS)

    with pytest.raises(ProblemError, match="more than 1000 members"):
        Inflation(coding.encode(), 1000).feed(empty * (MAX_MEMBERS + 1))


@CODINGS
@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=5), extra=st.binary(max_size=3))
def test_however_a_body_is_cut_it_is_the_same_or_rejected(
    coding: str, body: bytes, cuts: list[int], extra: bytes
) -> None:
    compressed = COMPRESS[coding](body) + extra
    edges = [0, *sorted(min(cut, len(compressed)) for cut in cuts), len(compressed)]
    inflation = Inflation(coding.encode(), 1000)
    problem: ProblemError | None = None
    inflated = b""
    try:
        for start, end in pairwise(edges):
            inflation.feed(compressed[start:end])
        inflated = inflation.end()
    except ProblemError as error:
        problem = error

    if problem is None:
        assert inflated == body
    else:
        assert (problem.kind.status, bool(extra)) == (400, True)


@pytest.mark.parametrize("coding", ["gzip, chunked", "deflate,chunked", "gzip\r\nTransfer-Encoding: chunked"])
def test_a_transfer_coding_beside_chunks_is_not_implemented(port: int, course_request: bytes, coding: str) -> None:
    request = post_chunked("/biometrics", [gzip.compress(course_request)])
    coded = request.replace(b"Transfer-Encoding: chunked", f"Transfer-Encoding: {coding}".encode())

    first, second = exchange(port, coded + post_chunked("/biometrics", [course_request]))

    assert first.status == 501
    assert first.headers["content-type"] == "application/problem+json"
    assert second.status == 202
