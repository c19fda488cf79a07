"""The command `event-topics` without a cluster: what it is given, and what it says."""

from pathlib import Path

import pytest

from event_topics.command.main import main
from event_topics.command.output import CannotRunError
from event_topics.command.properties import read_properties

MANIFEST = """
apiVersion: heartzone.dev/v1alpha1
kind: EventTopic
metadata: {name: orders}
spec: {partitions: 1}
"""
NOWHERE = ("--bootstrap-server", "127.0.0.1:1", "--registry", "http://127.0.0.1:1")


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    file = tmp_path / "orders.yaml"
    file.write_text(MANIFEST)
    return file


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--registry", "http://127.0.0.1:1"], "Give --bootstrap-server"),
        (["--bootstrap-server", "127.0.0.1:1"], "Give --registry"),
        ([*NOWHERE, "--kafka-config", "missing.properties"], "missing.properties cannot be read"),
    ],
)
def test_what_is_missing_is_named(
    definitions: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(definitions), *arguments]) == 2

    assert words in capsys.readouterr().err


def test_definitions_that_cannot_be_used_are_named_before_anything_is_connected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", str(tmp_path / "none"), *NOWHERE]) == 2

    assert "does not exist" in capsys.readouterr().err


def test_properties_are_those_of_kafkas_tools(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("# a comment\n\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n! another\n")

    assert read_properties(file) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}


def test_a_line_that_is_no_property_is_named_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("a=b\nsecret\n")

    with pytest.raises(CannotRunError, match="line 2 is not KEY=VALUE") as raised:
        read_properties(file)

    assert "secret" not in str(raised.value)
