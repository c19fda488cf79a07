"""Liveness as a probe sees it, on the real management port."""

import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry

from heartzone_operator.progress import Progress
from service_chassis.telemetry.management import Health, ManagementServer


def probe(port: int) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(("age", "status"), [(0.0, 200), (59.9, 200), (60.0, 503), (3600.0, 503)])
def test_a_loop_that_has_not_moved_for_its_limit_fails_the_probe_until_it_moves(age: float, status: int) -> None:
    now = 1000.0
    progress = Progress(60, clock=lambda: now)
    server = ManagementServer(
        0, registry=CollectorRegistry(), live=progress.health, ready=lambda: Health(ok=True, reason="")
    )
    with server:
        now += age
        assert probe(server.port)[0] == status

        if status == 503:
            assert f"has not moved for {age:.0f} s" in probe(server.port)[1]
            progress.moved()
            assert probe(server.port)[0] == 200
