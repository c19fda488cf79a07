"""The memory that bodies take together while they are received."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from heartzone_producer.api.body_limits import UNCOUNTED, BodyLimits, HeldBody
from heartzone_producer.api.problems import ProblemError

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

    from heartzone_testing.services.response import Response

LARGE = 50_000


def test_what_a_body_takes_is_given_back_however_it_ends() -> None:
    limits = BodyLimits(size=10 * UNCOUNTED, memory=10 * UNCOUNTED)
    with HeldBody(limits) as held:
        held.grow(UNCOUNTED)
        assert limits.held == 0
        held.grow(3 * UNCOUNTED)
        assert limits.held == 2 * UNCOUNTED
    with HeldBody(limits) as held:
        held.grow(10 * UNCOUNTED)
        with pytest.raises(ProblemError, match="larger than"):
            held.grow(10 * UNCOUNTED + 1)

    assert limits.held == 0


def test_one_body_of_the_largest_size_always_has_room() -> None:
    limits = BodyLimits(size=1_000_000, memory=1)
    with HeldBody(limits) as held:
        held.grow(1_000_000)


async def _slow(api: "Api", stop: asyncio.Event) -> None:
    """A request whose body comes but for its end."""

    async def receive() -> dict[str, Any]:
        if not sent:
            sent.append(True)
            return {"type": "http.request", "body": b"x" * LARGE, "more_body": True}
        await stop.wait()
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        raise AssertionError("nobody waits for a response")

    sent: list[bool] = []
    scope = {"type": "http", "method": "POST", "path": "/biometrics/raw", "query_string": b"", "headers": []}
    await api.app(scope, receive, send)


def test_large_bodies_that_come_slowly_leave_room_for_usual_requests(
    api_for_large: "Api", course_request: bytes
) -> None:
    api = api_for_large
    headers = {"content-type": "application/json"}

    async def scenario() -> tuple["Response", "Response", "Response"]:
        stop = asyncio.Event()
        slow = [asyncio.create_task(_slow(api, stop)) for _ in range(2)]
        await asyncio.sleep(0)
        large = await api.request_async("POST", "/biometrics/raw", b"x" * LARGE, chunks=2)
        usual = await api.request_async("POST", "/biometrics", course_request, headers=headers, chunks=3)
        stop.set()
        await asyncio.gather(*slow)
        afterwards = await api.request_async("POST", "/biometrics/raw", b"x" * LARGE, chunks=2)
        return large, usual, afterwards

    large, usual, afterwards = asyncio.run(scenario())

    assert (large.status, usual.status, afterwards.status) == (429, 202, 202)
    assert int(large.headers["retry-after"]) > 0
    assert "being received" in large.json["detail"]
