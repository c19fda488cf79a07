import os

import pytest


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which the settings are complete and nothing else of ours is set."""
    for name in os.environ:
        if name.startswith("THING_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("THING_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("THING_SCHEMA_REGISTRY_URL", "http://registry:8081")
    return monkeypatch
