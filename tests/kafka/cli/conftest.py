"""The environment of the `heartzone` command."""

from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry


@pytest.fixture
def connected(
    embedded_kafka: EmbeddedKafka,
    embedded_registry: EmbeddedRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty working directory, and the settings of the cluster."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", embedded_kafka.bootstrap_servers)
    monkeypatch.setenv("HEARTZONE_SCHEMA_REGISTRY_URL", embedded_registry.url)
