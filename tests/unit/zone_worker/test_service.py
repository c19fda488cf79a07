"""The composition of a zone worker: its probes, its settings, and what it closes at the end."""

import gc

import pytest
from prometheus_client import CollectorRegistry

from heartzone_testing.engine.supervised import SupervisedWorker
from heartzone_testing.services.scripted_registry import ScriptedRegistry
from heartzone_zone_worker.service import ZoneWorker
from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.schema_registry import RegistryUnavailableError
from service_chassis.settings import SettingsError, load

CONNECTIONS = {
    "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
}


def settings(**variables: str) -> WorkerSettings:
    return load(WorkerSettings, {**CONNECTIONS, **variables})


def test_liveness_fails_a_while_before_the_watchdog_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = ZoneWorker(settings(HEARTZONE_WATCHDOG_TIMEOUT="90"), CollectorRegistry())
    assert worker.live().ok

    monkeypatch.setattr(worker, "_worker", SupervisedWorker(progress_age=59))
    assert worker.live().ok
    monkeypatch.setattr(worker, "_worker", SupervisedWorker(progress_age=61))
    assert not worker.live().ok
    assert worker.live().reason == "the loop has made no progress for 61 s"


def test_the_client_of_the_registry_is_closed_at_the_end() -> None:
    with ScriptedRegistry() as server:
        worker = ZoneWorker(settings(HEARTZONE_SCHEMA_REGISTRY_URL=server.url), CollectorRegistry())
        worker.stop()

        assert worker.run() == 0
        with pytest.raises(RegistryUnavailableError, match="closed"):
            worker._registry.latest("any")


def test_a_running_worker_collects_garbage_seldom() -> None:
    """Ten thousand records are in work at a time: three times as many objects, which the collector walked over."""
    before = gc.get_threshold()
    worker = ZoneWorker(settings(), CollectorRegistry())
    worker.stop()
    try:
        worker.run()

        assert gc.get_threshold() == (50_000, 20, 20)
    finally:
        gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEARTZONE_MISSING_OFFSETS", "newest"),
        ("HEARTZONE_OFFSET_OUT_OF_RANGE", "skip"),
        ("HEARTZONE_DEAD_LETTER_MAX_SHARE", "0"),
        ("HEARTZONE_DEAD_LETTER_MAX_SHARE", "1.1"),
        ("HEARTZONE_DEAD_LETTER_WINDOW", "0"),
    ],
)
def test_a_setting_that_no_worker_could_run_with_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        settings(**{variable: value})


def test_the_start_offset_is_set_by_our_settings_alone() -> None:
    with pytest.raises(SettingsError, match="use HEARTZONE_MISSING_OFFSETS and HEARTZONE_OFFSET_OUT_OF_RANGE"):
        settings(HEARTZONE_KAFKA_AUTO_OFFSET_RESET="latest")
