"""The command line without a cluster: help, options, and error messages."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from heartzone_cli.audit.command import Time
from heartzone_cli.root import SUBCOMMANDS, heartzone

WORKOUT = "time,heart_rate\n2022-12-02T13:50:00Z,90\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    """Run a command in an empty folder, without settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("HEARTZONE_API", "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "HEARTZONE_SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Run()


class Run:
    def __call__(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(heartzone, [str(argument) for argument in arguments])


def assert_one_sentence(result: Result, *parts: str) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_the_summary_in_the_list_is_the_one_of_the_command(name: str) -> None:
    command = heartzone.get_command(click.Context(heartzone), name)

    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(200) == SUBCOMMANDS[name]


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("2h", 7200), ("2020-01-01T00:00:00+01:00", None)])
def test_a_time_of_an_audit_is_one_in_iso_8601_or_how_long_ago(text: str, seconds: int | None) -> None:
    moment = Time().convert(text, None, None)

    ago = datetime(2019, 12, 31, 23, tzinfo=UTC) if seconds is None else datetime.now(UTC) - timedelta(seconds=seconds)
    assert abs(ago - moment) < timedelta(minutes=10)


def test_help_lists_every_subcommand_and_imports_no_slow_library() -> None:
    assert all(name in help_without_slow_imports() for name in SUBCOMMANDS)


@pytest.mark.parametrize(
    "command",
    [
        *([name] for name in SUBCOMMANDS),
        ["topics", "plan"],
        ["topics", "apply"],
        ["topics", "export"],
        ["group", "status"],
        ["group", "set-offset"],
        *(["dead-letters", name] for name in ("list", "show", "replay", "drop")),
        *(["transactions", name] for name in ("list", "abort")),
    ],
)
def test_help_of_a_command_imports_no_slow_library(command: list[str]) -> None:
    assert "Usage:" in help_without_slow_imports(*command)


def help_without_slow_imports(*command: str) -> str:
    """Return the help of a command, whose process fails when it imports a library that takes time."""
    slow = {"confluent_kafka", "httpx2", "lxml", "msgspec", "pydantic", "rich", "structlog", "yaml"}
    code = (
        "import sys; from heartzone_cli.root import heartzone; "
        f"heartzone({[*command, '--help']}, standalone_mode=False); "
        f"sys.exit(','.join({slow} & sys.modules.keys()) or 0)"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "replay",
        "zones",
        "audit",
        "topics plan",
        "topics apply",
        "topics export",
        "dead-letters list",
        "dead-letters show",
        "dead-letters replay",
        "dead-letters drop",
        "group status",
        "group set-offset",
        "transactions list",
        "transactions abort",
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")

    assert result.exit_code == 0
    assert "--json" in result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["topics", "plan", "--help"]], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_output_that_cannot_be_written_is_one_sentence(
    arguments: list[str], unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "heartzone_cli", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert finished.returncode == 1
    assert finished.stderr == "Error: The output cannot be written (No space left on device).\n"


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    assert run("rewind").exit_code == 2


def test_a_file_that_cannot_be_read_ends_the_replay_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(WORKOUT)

    assert_one_sentence(run("replay", "good.csv", tmp_path), f"{tmp_path} is a folder")


def test_without_a_running_up_replay_says_how_to_name_the_api(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WORKOUT)

    assert_one_sentence(run("replay", "a.csv"), "`heartzone up`", "--api", "HEARTZONE_API")


@pytest.mark.parametrize("url", ["localhost:8080", "http://", "ftp://localhost"])
def test_an_invalid_address_of_the_api_is_reported(run: Run, tmp_path: Path, url: str) -> None:
    (tmp_path / "a.csv").write_text(WORKOUT)

    assert_one_sentence(run("replay", "a.csv", "--api", url), repr(url), "http://127.0.0.1:8080")


@pytest.mark.parametrize("content", [None, "", "two words", "\u00e9"])
def test_what_holds_no_api_key_ends_the_replay_before_anything_is_sent(
    run: Run, tmp_path: Path, content: str | None
) -> None:
    (tmp_path / "a.csv").write_text(WORKOUT)
    if content is not None:
        (tmp_path / "key").write_text(content)

    assert_one_sentence(run("replay", "a.csv", "--api-key-file", tmp_path / "key"), f"{tmp_path / 'key'} ")


@pytest.mark.parametrize("offset", ["end", "1.5", "1e3", "+1"])
def test_what_is_no_offset_is_a_usage_error(run: Run, offset: str) -> None:
    result = run("group", "set-offset", "BiometricsImported", "0", offset)

    assert result.exit_code == 2
    assert "is no offset; a number from 0 on, earliest or latest would be right." in result.stderr


def test_an_invalid_topic_name_is_reported_with_its_variable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("HEARTZONE_TOPIC_ZONES", "zones of today")

    assert_one_sentence(run("zones"), "HEARTZONE_TOPIC_ZONES", "'zones of today'")


def test_a_question_about_a_misspelt_setting_ends_with_its_question_mark(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVER", "127.0.0.1:1")
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    assert_one_sentence(run("zones"), "did you mean HEARTZONE_KAFKA_BOOTSTRAP_SERVERS? (no `heartzone up`")


def test_without_a_running_up_zones_names_the_setting(run: Run) -> None:
    assert_one_sentence(run("zones"), "Error: No `heartzone up` is running", "set HEARTZONE_KAFKA_BOOTSTRAP_SERVERS")


def test_a_data_dir_without_a_running_up_is_reported(run: Run, tmp_path: Path) -> None:
    assert_one_sentence(run("zones", "--data-dir", tmp_path), str(tmp_path / "endpoints.json"))


def test_a_damaged_endpoints_file_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".heartzone").mkdir()
    (tmp_path / ".heartzone" / "endpoints.json").write_text("{")

    assert_one_sentence(run("zones"), "endpoints.json cannot be used")


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        pytest.param("--speed", "0", "a number above 0, or max", id="speed zero"),
        pytest.param("--speed", "nan", "a number above 0, or max", id="speed NaN"),
        pytest.param("--speed", "inf", "a number above 0, or max", id="infinite speed"),
        pytest.param("--speed", "fast", "a number above 0, or max", id="speed in words"),
        pytest.param("--device", "me", "3fa85f64-5717-4562-b3fc-2c963f66afa6", id="device"),
        pytest.param("--device", "3fa85f6457174562b3fc2c963f66afa6", "3fa85f64-", id="device without hyphens"),
        pytest.param("--max-heart-rate", "0", "1<=x<=2147483647", id="maximum zero"),
        pytest.param("--wait", "0", "a number of seconds above 0", id="timeout zero"),
        pytest.param("--wait", "nan", "a number of seconds above 0", id="timeout NaN"),
        pytest.param("--wait", "inf", "a number of seconds above 0", id="infinite timeout"),
    ],
)
def test_an_invalid_option_is_a_usage_error(run: Run, tmp_path: Path, option: str, value: str, right: str) -> None:
    (tmp_path / "a.csv").write_text(WORKOUT)
    result = run("replay", "a.csv", option, value)

    assert result.exit_code == 2
    assert right in result.stderr


@pytest.mark.parametrize("number", ["inf", "nan"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["dead-letters", "replay", "--rate"],
        ["transactions", "list", "--since"],
        ["group", "set-offset", "t", "0", "latest", "--watch"],
        ["audit", "--transaction-timeout"],
    ],
    ids=" ".join,
)
def test_a_number_of_seconds_or_the_like_is_finite(run: Run, arguments: list[str], number: str) -> None:
    result = run(*arguments, number)

    assert result.exit_code == 2
    assert f"'{number}' is not a finite number; such as 2.5 would be right." in result.stderr
