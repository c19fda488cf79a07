"""The library's management port: probes and metrics of a worker over HTTP."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from exactly_once.management import ManagementPort, serve
from heartzone_testing.engine.supervised import SupervisedWorker


@pytest.fixture
def worker() -> SupervisedWorker:
    return SupervisedWorker()


@pytest.fixture
def management(worker: SupervisedWorker) -> Iterator[ManagementPort]:
    registry = CollectorRegistry()
    Counter("records", "Records", registry=registry).inc(3)
    with serve(worker, port=0, host="127.0.0.1", registry=registry) as port:
        yield port


def get(management: ManagementPort, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{management.port}{path}", timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_probes_say_in_a_sentence_how_the_worker_is(management: ManagementPort, worker: SupervisedWorker) -> None:
    assert get(management, "/livez?verbose") == (200, b'{"ok": true, "reason": "the loop makes progress"}')
    assert get(management, "/readyz") == (200, b'{"ok": true, "reason": "processing"}')

    worker.set_aside = {("in", 0): "lookup"}
    status, body = get(management, "/readyz")
    assert (status, json.loads(body)["reason"]) == (200, "processing, but for 1 of the partitions: in[0] lookup")

    worker.progress_age, worker.unready_reason = 61, "no broker can be reached"
    status, body = get(management, "/livez")
    assert (status, json.loads(body)["ok"]) == (503, False)
    assert get(management, "/readyz") == (503, b'{"ok": false, "reason": "no broker can be reached"}')


def test_metrics_are_those_of_the_registry(management: ManagementPort) -> None:
    status, body = get(management, "/metrics")

    assert status == 200
    assert b"records_total 3.0" in body.splitlines()


def test_any_other_path_names_those_that_there_are(management: ManagementPort) -> None:
    status, body = get(management, "/")

    assert status == 404
    assert b"/readyz" in body


def test_a_connection_that_says_nothing_keeps_no_probe_waiting(management: ManagementPort) -> None:
    with socket.create_connection(("127.0.0.1", management.port)):
        assert get(management, "/livez")[0] == 200


def test_a_port_that_is_taken_is_named(management: ManagementPort, worker: SupervisedWorker) -> None:
    with pytest.raises(OSError, match=f"management port {management.port} cannot be listened on"):
        serve(worker, port=management.port, host="127.0.0.1")


def test_a_closed_port_is_free_again(worker: SupervisedWorker) -> None:
    first = serve(worker, port=0, host="127.0.0.1", registry=CollectorRegistry())
    first.close()
    with serve(worker, port=first.port, host="127.0.0.1", registry=CollectorRegistry()) as second:
        assert get(second, "/readyz")[0] == 200
