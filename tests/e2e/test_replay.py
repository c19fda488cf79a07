"""`heartzone replay` as a process: real recordings through the web API, the workers and back."""

import importlib.metadata
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from heartzone.zones import zone_of
from heartzone_cli.replay.recordings import load
from heartzone_testing.services.environment import command, environment
from heartzone_testing.services.laptop import Up

TIMEOUT_S = 120


@pytest.fixture
def folder(stack: Up) -> Path:
    """The folder in which commands find the running `heartzone up` by themselves."""
    return stack.data_dir.parent


@pytest.fixture(scope="session")
def workouts() -> Path:
    return Path(str(importlib.metadata.distribution("sweat").locate_file("sweat/examples/data")))


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def lines(output: str, kind: str) -> list[dict[str, Any]]:
    parsed = [json.loads(line) for line in output.splitlines()]
    return [line for line in parsed if line["type"] == kind]


@pytest.mark.parametrize("name", ["3173437224.tcx", "4801048867.fit", "activity_5039744860.gpx"])
def test_a_recording_yields_as_many_samples_in_each_zone_as_it_has(folder: Path, workouts: Path, name: str) -> None:
    samples = load(workouts / name).samples
    expected = [0] * 6
    for sample in samples:
        expected[zone_of(sample.heart_rate, 180)] += 1

    finished = run(folder, "replay", workouts / name, "--max-heart-rate", "180", "--json")

    assert finished.returncode == 0, finished.stderr
    assert [line["samples"] for line in lines(finished.stdout, "zone")] == expected
    (total,) = lines(finished.stdout, "total")
    assert (total["sent"], total["accepted"], total["refused"]) == (len(samples), len(samples), 0)
    assert (total["missing"], total["unexpected"], total["complete"]) == (0, 0, True)


def test_several_recordings_are_replayed_at_once_and_shown_as_a_chart(folder: Path, workouts: Path) -> None:
    finished = run(folder, "replay", *sorted(workouts.glob("*_ACTIVITY.fit")))

    assert finished.returncode == 0, finished.stderr
    assert "259 samples sent, 259 accepted, 0 rejected." in finished.stdout
    assert "█" in finished.stdout


def test_a_zero_is_a_reading_without_a_zone_and_a_gap_counts_30_seconds(folder: Path) -> None:
    (folder / "gap.csv").write_text(
        "time,heart_rate\n2022-12-02T13:50:00Z,150\n2022-12-02T14:50:00Z,0\n2022-12-02T14:50:12Z,150\n"
    )

    finished = run(folder, "replay", "gap.csv", "--max-heart-rate", "200", "--json")

    zones = {line["zone"]: (line["samples"], line["minutes"]) for line in lines(finished.stdout, "zone")}
    assert zones[3] == (2, 0.5)
    assert zones[0] == (1, 0.2)


def test_a_replay_in_real_time_stops_on_ctrl_c_and_reports_what_was_sent(folder: Path, workouts: Path) -> None:
    process = subprocess.Popen(
        command(
            "replay", workouts / "3173437224.tcx", "--speed", "1", "--device", "00000000-0000-0000-0000-00000000000a"
        ),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    follower = subprocess.Popen(
        command("zones", "--json", "--from-beginning"), cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    for line in follower.stdout:  # until the first zone event of this replay
        if json.loads(line)["DeviceId"].endswith("00000000000a"):
            break
    follower.send_signal(signal.SIGINT)
    follower.communicate(timeout=30)

    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert " accepted, 0 rejected." in output
    assert errors.splitlines()[-1] == "Stopped by Ctrl-C."


def test_an_unreachable_api_is_one_sentence_and_exit_code_2(folder: Path, workouts: Path) -> None:
    finished = run(folder, "replay", workouts / "6471559601_ACTIVITY.fit", "--api", "http://127.0.0.1:1")

    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("Error: The API at http://127.0.0.1:1 cannot be reached")
    assert finished.stderr.count("\n") == 1


def test_a_leftover_endpoints_file_is_suspected_when_kafka_does_not_respond(tmp_path: Path, workouts: Path) -> None:
    (tmp_path / ".heartzone").mkdir()
    (tmp_path / ".heartzone" / "endpoints.json").write_text(
        json.dumps(
            {
                "api": "http://127.0.0.1:1",
                "kafka": "127.0.0.1:1",
                "registry": "http://127.0.0.1:1",
                "metrics": {"producer": "http://127.0.0.1:1", "zone-worker": []},
            }
        )
    )

    finished = run(tmp_path, "replay", workouts / "6471559601_ACTIVITY.fit")

    assert finished.returncode == 2
    assert "is that `heartzone up` still running?" in finished.stderr
    assert finished.stderr.count("\n") == 1
