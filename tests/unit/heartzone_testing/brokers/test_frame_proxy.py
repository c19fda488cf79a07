"""The proxy between clients and a broker, as a tool of tests: it leaves nothing to those that come after."""

import contextlib
import gc
import socket
import warnings

import pytest

from heartzone_testing.brokers.frame_proxy import FrameProxy


def connect(port: int) -> socket.socket:
    """Ask for a connection, and do not wait until it is accepted."""
    client = socket.socket()
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.connect(("127.0.0.1", port))
    return client


def test_a_proxy_that_ends_closes_also_the_connections_that_it_is_accepting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else closes them: the warning would come up in whichever test runs then."""
    unclosed: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda problem: unclosed.append(problem.exc_value))
    with warnings.catch_warnings(), socket.create_server(("127.0.0.1", 0), backlog=100) as broker:
        warnings.simplefilter("error")
        for _ in range(10):
            with FrameProxy(broker.getsockname()[1]) as proxy:
                clients = [connect(proxy.port) for _ in range(5)]
            for client in clients:
                client.close()
            del proxy
        gc.collect()
    assert unclosed == []
