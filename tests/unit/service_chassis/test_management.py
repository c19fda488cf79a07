import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from service_chassis.telemetry import build_info
from service_chassis.telemetry.management import Health, ManagementServer


class Service:
    """A service whose health a test decides."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.live = Health(ok=True, reason="moving")
        self.ready: Health | None = Health(ok=False, reason="starting")

    def is_ready(self) -> Health:
        assert self.ready is not None, "a bug in a probe"
        return self.ready


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def management(service: Service) -> Iterator[ManagementServer]:
    with ManagementServer(0, registry=service.registry, live=lambda: service.live, ready=service.is_ready) as server:
        yield server


def request(
    server: ManagementServer, path: str, *, method: str = "GET", accept: str = "*/*"
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers={"Accept": accept})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/livez", "/livez?verbose"])
def test_a_probe_that_passes_is_200_with_the_reason(management: ManagementServer, path: str) -> None:
    response, body = request(management, path)

    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {"ok": True, "reason": "moving"}


def test_a_probe_that_fails_is_503_with_the_reason(management: ManagementServer, service: Service) -> None:
    response, body = request(management, "/readyz")

    assert (response.status, json.loads(body)) == (503, {"ok": False, "reason": "starting"})

    service.ready = Health(ok=True, reason="processing")
    assert request(management, "/readyz")[0].status == 200


def test_a_probe_that_raises_fails(management: ManagementServer, service: Service) -> None:
    service.ready = None

    response, body = request(management, "/readyz")

    assert response.status == 503
    assert "the probe itself failed" in json.loads(body)["reason"]


def test_metrics_of_the_registry_and_of_the_process_are_served(management: ManagementServer, service: Service) -> None:
    Counter("thing_things", "Things", registry=service.registry).inc(3)
    build_info(service.registry, "thing_", "example", "1.2.3")

    response, body = request(management, "/metrics", accept="application/openmetrics-text; version=1.0.0")

    families = text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]
    samples = {sample.name: sample for family in families for sample in family.samples}
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert samples["thing_things_total"].value == 3
    assert samples["thing_build_info"].labels["service"] == "example"
    assert samples["thing_build_info"].labels["version"] == "1.2.3"
    assert samples["process_resident_memory_bytes"].value > 0
    assert "python_gc_collections_total" in samples


def test_metrics_are_plain_text_for_older_readers_and_can_be_chosen(
    management: ManagementServer, service: Service
) -> None:
    Counter("thing_things", "Things", registry=service.registry)
    build_info(service.registry, "thing_", "example", "1.2.3")

    response, body = request(management, "/metrics?name[]=thing_things_total")

    assert response.headers["Content-Type"].startswith("text/plain")
    assert [line for line in body.decode().splitlines() if not line.startswith("#")] == ["thing_things_total 0.0"]


def test_other_paths_are_404_and_other_methods_501(management: ManagementServer) -> None:
    assert request(management, "/")[0].status == 404
    assert request(management, "/livez", method="POST")[0].status == 501


def test_head_has_no_body(management: ManagementServer) -> None:
    response, body = request(management, "/livez", method="HEAD")

    assert (response.status, body) == (200, b"")


def test_a_connection_is_kept_for_the_next_scrape(management: ManagementServer) -> None:
    connection = HTTPConnection("127.0.0.1", management.port, timeout=10)
    for _ in range(2):
        connection.request("GET", "/livez")
        connection.getresponse().read()
        kept = connection.sock
    assert connection.sock is kept
    connection.close()


def test_a_slow_reader_keeps_no_other_waiting(management: ManagementServer) -> None:
    with socket.create_connection(("127.0.0.1", management.port), timeout=10) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")

        assert request(management, "/livez")[0].status == 200


def test_nothing_listens_afterwards(service: Service) -> None:
    with ManagementServer(0, registry=service.registry, live=service.is_ready, ready=service.is_ready) as server:
        pass

    with pytest.raises(ConnectionRefusedError):
        request(server, "/livez")


def test_a_taken_port_is_named(management: ManagementServer, service: Service) -> None:
    second = ManagementServer(management.port, registry=service.registry, live=service.is_ready, ready=service.is_ready)

    with pytest.raises(OSError, match=rf"management port {management.port} cannot be listened on: "), second:
        pass


def test_scrapes_are_not_logged(management: ManagementServer, capfd: pytest.CaptureFixture[str]) -> None:
    request(management, "/metrics")

    assert capfd.readouterr() == ("", "")
