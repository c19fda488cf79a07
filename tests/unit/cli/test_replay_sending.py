"""Sending, against a real HTTP server on loopback that responds as each test says."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from heartzone_cli.replay.outcome import Outcome
from heartzone_cli.replay.pacing import unpaced
from heartzone_cli.replay.recordings import Sample
from heartzone_cli.replay.sending import ApiUnavailableError, Sender
from heartzone_cli.replay.workout import Workout, timed

START = datetime(2022, 12, 2, 13, 50, tzinfo=UTC)
Response = tuple[int, dict[str, str], bytes]
ACCEPTED: Response = (202, {"Content-Type": "application/json"}, b"{}")


def problem(status: int, detail: str, **headers: str) -> Response:
    document = {"status": status, "detail": detail}
    return status, {"Content-Type": "application/problem+json", **headers}, json.dumps(document).encode()


@contextmanager
def api(respond: Callable[[dict[str, Any]], Response]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve POST /biometrics; yield the URL, and the list of the messages received."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append(message | {"key": self.headers["Idempotency-Key"]})
            status, headers, content = respond(message)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def workout(count: int, device: int = 1) -> Workout:
    samples = [Sample(START + timedelta(seconds=i), i % 200) for i in range(count)]
    return Workout(Path("a.fit"), f"00000000-0000-0000-0000-{device:012}", 200, timed(samples))


def send(
    url: str, *workouts: Workout, stop: threading.Event | None = None, notify: Callable[[str], object] = lambda _: None
) -> Sequence[Outcome]:
    outcomes = [Outcome(workout) for workout in workouts]
    with Sender(url, stop=stop or threading.Event(), on_response=lambda _: None, notify=notify) as sender:
        sender.send([(outcome, partial(unpaced, outcome.workout.readings)) for outcome in outcomes])
    return outcomes


def test_a_workout_is_split_and_arrives_in_order() -> None:
    with api(lambda _: ACCEPTED) as (url, received):
        (outcome,) = send(url, workout(2500))

    assert [len(message["heartRates"]) for message in received] == [1000, 1000, 500]
    values = [reading["value"] for message in received for reading in message["heartRates"]]
    assert values == [i % 200 for i in range(2500)]
    assert (outcome.sent, outcome.accepted, outcome.rejected) == (2500, 2500, 0)
    assert outcome.accepted_seconds == 2499


def test_each_of_many_devices_arrives_in_order() -> None:
    with api(lambda _: ACCEPTED) as (url, received):
        outcomes = send(url, *(workout(2001, device) for device in range(1, 7)))

    assert [outcome.accepted for outcome in outcomes] == [2001] * 6
    for outcome in outcomes:
        sizes = [len(message["heartRates"]) for message in received if message["deviceId"] == outcome.workout.device_id]
        assert sizes == [1000, 1000, 1]


def test_workouts_of_one_device_follow_one_another() -> None:
    with api(lambda _: ACCEPTED) as (url, received):
        send(url, workout(1001), workout(3))

    assert [len(message["heartRates"]) for message in received] == [1000, 1, 3]


def test_a_rejected_request_is_counted_with_its_reason_and_the_rest_is_sent() -> None:
    responses = iter([problem(422, "no good"), ACCEPTED])
    with api(lambda _: next(responses)) as (url, _):
        (outcome,) = send(url, workout(1500))

    assert (outcome.sent, outcome.accepted, outcome.rejected) == (1500, 500, 1000)
    assert outcome.rejections == ["422 no good"]


def test_a_response_without_a_problem_document_is_counted_with_its_status() -> None:
    with api(lambda _: (413, {}, b"<html>")) as (url, _):
        (outcome,) = send(url, workout(1))

    assert outcome.rejections == ["413 Request Entity Too Large"]


@pytest.mark.parametrize("status", [409, 429, 503])
def test_a_request_that_is_rejected_for_now_is_sent_again_before_the_next_one(status: int) -> None:
    responses = iter([problem(status, "queue full", **{"Retry-After": "0"}), ACCEPTED, ACCEPTED])
    with api(lambda _: next(responses)) as (url, received):
        (outcome,) = send(url, workout(1001))

    assert [len(message["heartRates"]) for message in received] == [1000, 1000, 1]
    first, again, next_one = (message["key"] for message in received)
    assert first == again != next_one
    assert (outcome.accepted, outcome.rejected) == (1001, 0)


def test_an_api_that_rejects_requests_for_too_long_ends_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heartzone_cli.replay.sending.RETRY_TIMEOUT", 0.5)
    with (
        api(lambda _: problem(503, "broker unavailable", **{"Retry-After": "0"})) as (url, _),
        pytest.raises(ApiUnavailableError, match="rejects requests for now: 503 broker unavailable"),
    ):
        send(url, workout(1))


def test_an_outage_is_notified_once_when_it_begins() -> None:
    busy = problem(503, "broker unavailable", **{"Retry-After": "0"})
    responses = iter([ACCEPTED, busy, busy, ACCEPTED, busy, ACCEPTED])
    notified: list[str] = []
    with api(lambda _: next(responses)) as (url, _):
        send(url, workout(2500), notify=notified.append)

    assert notified == [f"The API at {url} rejects requests for now: 503 broker unavailable; retrying for 60 s."] * 2


def test_stopping_ends_the_wait_before_a_retry() -> None:
    stop = threading.Event()

    def busy(_: dict[str, Any]) -> Response:
        stop.set()
        return problem(503, "busy", **{"Retry-After": "10"})

    with api(busy) as (url, received):
        (outcome,) = send(url, workout(1), stop=stop)

    assert len(received) == 1
    assert outcome.sent == 0


def test_an_unreachable_api_is_reported_without_a_retry() -> None:
    with api(lambda _: ACCEPTED) as (url, _):
        pass

    with pytest.raises(ApiUnavailableError, match=f"The API at {url} cannot be reached"):
        send(url, workout(1))


def test_an_api_key_goes_with_each_request() -> None:
    keys: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            keys.append(self.headers["X-API-Key"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        url = f"http://127.0.0.1:{server.server_port}"
        outcome = Outcome(workout(1001))
        with Sender(
            url, stop=threading.Event(), on_response=lambda _: None, notify=lambda _: None, api_key="hz_1"
        ) as sender:
            sender.send([(outcome, partial(unpaced, outcome.workout.readings))])
        server.shutdown()

    assert keys == ["hz_1", "hz_1"]


def test_another_program_on_the_port_is_reported_as_no_heartzone_api() -> None:
    with (
        api(lambda _: (404, {}, b"")) as (url, _),
        pytest.raises(ApiUnavailableError, match="responds with 404 to POST /biometrics: it is not a heartzone API"),
    ):
        send(url, workout(1))
