"""`heartzone topics` without a cluster: the default of the definitions, and the error messages."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from heartzone_cli.options import find_definitions
from heartzone_cli.root import heartzone
from heartzone_testing.checkout import TOPICS


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "HEARTZONE_SCHEMA_REGISTRY_URL", "HEARTZONE_SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, ["topics", *arguments], catch_exceptions=False)


def test_definitions_of_the_current_folder_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "schemas" / "topics"
    own.mkdir(parents=True)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")

    assert find_definitions(None) == own


def test_elsewhere_the_definitions_are_the_product_s_own() -> None:
    """Wherever the packages are installed: they bring them along, the same as in the repository."""
    found, own = (
        {path.name: path.read_text() for path in folder.iterdir()} for folder in (find_definitions(None), TOPICS)
    )

    assert found == own


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_without_settings_and_without_a_running_up_the_setting_is_named(command: str) -> None:
    result = run(command)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS" in result.stderr
    assert "`heartzone up`" in result.stderr
    assert result.stderr.count("\n") == 1


def test_with_kafka_alone_the_setting_of_the_registry_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    result = run("plan")

    assert result.exit_code == 2
    assert "HEARTZONE_SCHEMA_REGISTRY_URL" in result.stderr


def test_a_missing_folder_is_reported() -> None:
    result = run("plan", "--dir", "nowhere")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere does not exist" in result.stderr
