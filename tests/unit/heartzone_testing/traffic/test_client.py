"""The traffic's clients retry what every client should retry, and nothing else."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest

from heartzone_testing.ports import free_port
from heartzone_testing.traffic.client import Outcome, RetryingClient, UnexpectedResponseError
from heartzone_testing.traffic.load import Traffic
from heartzone_testing.traffic.readings import Reading
from heartzone_testing.waiting import eventually

READING = Reading("3fa85f64-5717-4562-b3fc-2c963f66afa6", "2022-12-02T13:50:00Z", 150)
SLOWLY = {"Retry-After": "0.01"}
CLOSE = (0, {"": ""})  # instead of a response
CLOSE_AFTERWARDS = {"X-Last": "yes"}


class Api(ThreadingHTTPServer):
    """Sends the given responses, then 202; keeps the bodies that it receives."""

    daemon_threads = True

    def __init__(self, *responses: tuple[int, dict[str, str]], port: int = 0) -> None:
        self.responses = list(responses)
        self.bodies: list[dict[str, object]] = []
        self.closed = threading.Event()
        super().__init__(("127.0.0.1", port), Handler)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.closed.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Api)
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, headers = self.server.responses.pop(0) if self.server.responses else (202, {})
        if (status, headers) == CLOSE:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = headers == CLOSE_AFTERWARDS

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def api(*responses: tuple[int, dict[str, str]], port: int = 0) -> Iterator[Api]:
    with Api(*responses, port=port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def client(server: Api, *, keep_alive: bool = True, retry_timeout: float = 10) -> Iterator[RetryingClient]:
    with closing(RetryingClient(server.url, keep_alive=keep_alive, retry_timeout=retry_timeout)) as one:
        yield one


def test_a_reading_is_sent_again_after_a_503_until_it_is_accepted() -> None:
    with api((503, SLOWLY), (503, SLOWLY)) as server, client(server) as one:
        assert one.send(READING) == [Outcome.UNAVAILABLE, Outcome.UNAVAILABLE, Outcome.ACCEPTED]

    assert len(server.bodies) == 3
    assert server.bodies[0] == server.bodies[2]


@pytest.mark.parametrize("response", [(503, {}), (500, {}), (502, SLOWLY), (429, SLOWLY), (422, {})], ids=str)
def test_any_other_error_is_a_failure(response: tuple[int, dict[str, str]]) -> None:
    with (
        api(response) as server,
        client(server) as one,
        pytest.raises(UnexpectedResponseError, match=f"^{response[0]} "),
    ):
        one.send(READING)


@pytest.mark.parametrize(
    ("keep_alive", "outcome"), [(True, Outcome.KEPT_CLOSED), (False, Outcome.CUT_OFF)], ids=["kept", "fresh"]
)
def test_a_connection_that_ends_without_a_response_counts_by_its_age(keep_alive: bool, outcome: Outcome) -> None:
    with api((202, {}), CLOSE) as server, client(server, keep_alive=keep_alive) as one:
        assert one.send(READING) == [Outcome.ACCEPTED]
        assert one.send(READING) == [outcome, Outcome.ACCEPTED]


def test_a_kept_connection_that_was_closed_between_two_requests_is_replaced_unnoticed() -> None:
    with api((202, CLOSE_AFTERWARDS)) as server, client(server) as one:
        assert one.send(READING) == [Outcome.ACCEPTED]
        assert server.closed.wait(10)
        assert one.send(READING) == [Outcome.ACCEPTED]


def test_requests_to_an_unavailable_server_are_retried_until_it_is_back() -> None:
    port = free_port()
    outcomes: list[Outcome] = []
    with closing(RetryingClient(f"http://127.0.0.1:{port}", keep_alive=True, retry_timeout=30)) as one:
        sending = threading.Thread(target=lambda: outcomes.extend(one.send(READING)))
        sending.start()
        with api(port=port):
            sending.join()

    assert Counter(outcomes)[Outcome.ACCEPTED] == 1
    assert set(outcomes) <= {Outcome.UNREACHABLE, Outcome.ACCEPTED}


def test_after_the_retry_timeout_the_error_lists_the_outcomes_of_the_attempts() -> None:
    rejections = [(503, SLOWLY)] * 1_000
    timed_out = pytest.raises(UnexpectedResponseError, match="503 with Retry-After")
    with api(*rejections) as server, client(server, retry_timeout=0.2) as one, timed_out:
        one.send(READING)


def test_traffic_keeps_each_device_in_order_and_knows_what_was_accepted() -> None:
    with api((503, SLOWLY)) as server, Traffic(server.url, rate=400) as traffic:
        traffic.await_more(100)

    by_device: dict[str, list[str]] = {}
    for reading in traffic.accepted:
        by_device.setdefault(reading.device, []).append(reading.date_time)
    assert len(by_device) > 4
    assert all(earlier < later for times in by_device.values() for earlier, later in pairwise(times))
    assert len(server.bodies) == len(traffic.accepted) + 1
    assert traffic.outcomes == {Outcome.ACCEPTED: len(traffic.accepted), Outcome.UNAVAILABLE: 1}


def test_traffic_ends_with_what_no_client_could_absorb() -> None:
    with api((500, {})) as server:
        traffic = Traffic(server.url)
        with pytest.raises(UnexpectedResponseError, match=r"^500 "), traffic:
            eventually(lambda: len(server.bodies) > 3, "the other clients to continue")
