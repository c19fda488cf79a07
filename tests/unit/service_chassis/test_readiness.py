"""Readiness as a metric, read as Prometheus reads it: from the registry, at each scrape."""

import pytest
from prometheus_client import CollectorRegistry

from service_chassis.telemetry.management import Health
from service_chassis.telemetry.readiness import export_readiness


class Process:
    """A process whose readiness a test decides, and its metrics."""

    def __init__(self) -> None:
        self.health: Health | None = Health(ok=False, reason="starting")
        self.calls = 0
        self.registry = CollectorRegistry()
        export_readiness(self.registry, "shop_", self.ready)

    def ready(self) -> Health:
        self.calls += 1
        assert self.health is not None, "a bug in a probe"
        return self.health

    def scrape(self) -> float | None:
        return self.registry.get_sample_value("shop_ready")


@pytest.fixture
def process() -> Process:
    return Process()


def test_a_probe_that_passes_is_1_and_one_that_fails_is_0(process: Process) -> None:
    assert process.scrape() == 0

    process.health = Health(ok=True, reason="processing")
    assert process.scrape() == 1

    process.health = Health(ok=False, reason="no broker responds")
    assert process.scrape() == 0


def test_a_process_that_is_ready_with_a_reservation_is_1(process: Process) -> None:
    process.health = Health(ok=True, reason="processing; BiometricsImported 3 is halted: offset_out_of_range")

    assert process.scrape() == 1


def test_a_probe_that_raises_is_0_and_spoils_no_other_metric(process: Process) -> None:
    process.health = None

    assert process.scrape() == 0


def test_the_probe_is_called_by_each_scrape_and_by_nothing_else(process: Process) -> None:
    assert process.calls == 0

    process.scrape()
    process.scrape()

    assert process.calls == 2
