"""Liveness as a probe sees it, on the real management port."""

import urllib.error
import urllib.request
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from heartzone_operator.cluster.cluster import Cluster
from heartzone_operator.kubernetes.startup import Startup
from heartzone_operator.kubernetes.watch import Watch
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.scope import Scope
from heartzone_operator.probes import Probes
from service_chassis.telemetry.management import Health, ManagementServer


def probe(port: int) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(("age", "status"), [(0.0, 200), (59.9, 200), (60.0, 503), (3600.0, 503)])
def test_a_loop_without_progress_for_its_timeout_fails_the_probe_until_its_next_step(age: float, status: int) -> None:
    now = 1000.0
    progress = Progress(60, clock=lambda: now)
    probes = Probes(Startup(), progress)
    probes.started(cast("Watch", None), cast("Cluster", None), Scope(("shop",)))  # liveness reads neither
    server = ManagementServer(
        0, registry=CollectorRegistry(), live=probes.live, ready=lambda: Health(ok=True, reason="")
    )
    with server:
        now += age
        assert probe(server.port)[0] == status

        if status == 503:
            assert f"has made no progress for {age:.0f} s" in probe(server.port)[1]
            progress.step()
            assert probe(server.port)[0] == 200
