"""An operator whose loop is stuck fails its liveness probe."""

import socket
import threading
from collections.abc import Iterator

import pytest

from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.waiting import eventually


@pytest.fixture
def trickling_registry() -> Iterator[str]:
    """A registry whose response never ends: a byte now and then, so that no wait for the next one times out."""
    done = threading.Event()
    responses: list[threading.Thread] = []

    def respond(client: socket.socket) -> None:
        with client:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n[")
            while not done.wait(0.5):
                try:
                    client.sendall(b" ")
                except OSError:
                    return

    def accept(listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            if done.is_set():
                client.close()
                return
            responses.append(threading.Thread(target=respond, args=(client,)))
            responses[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        done.set()
        socket.create_connection(listener.getsockname()).close()
        for thread in (accepting, *responses):
            thread.join()


def test_a_request_that_never_ends_fails_the_probe_and_ends_the_process_when_it_is_asked_to(
    bench: OperatorBench, trickling_registry: str
) -> None:
    operator = bench.start({"HEARTZONE_SCHEMA_REGISTRY_URL": trickling_registry, "HEARTZONE_WATCHDOG_TIMEOUT": "20"})
    try:
        operator.wait_until_ready()
        assert operator.get("/livez").status == 200

        bench.apply(event_topic(schema=SCHEMA_1))

        eventually(lambda: operator.get("/livez").status == 503, "the probe failing")
        assert "the loop has made no progress for" in operator.get("/livez").text
    finally:
        code = operator.process.terminate(30)
    assert code == 1, "neither left to be killed, nor reported as success"
    assert "the current batch did not end" in operator.process.log()
