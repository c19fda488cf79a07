"""Text of `up` when it is ready, and while it downloads."""

import json
import shlex
from pathlib import Path

import pytest

from embedded_kafka.distributions.progress import DownloadProgress
from heartzone_cli.cluster.endpoints import Endpoints, Metrics
from heartzone_cli.up.display import EXAMPLE_BODY, Downloads, fresh_command, summary
from heartzone_cli.up.errors import DownloadCancelledError
from heartzone_cli.up.output import Output
from heartzone_zone_worker.decoding import BiometricsDecoder

RUNNING = Endpoints(
    api="http://127.0.0.1:8080",
    kafka="127.0.0.1:9092",
    registry="http://127.0.0.1:8081/apis/ccompat/v7",
    metrics=Metrics("http://127.0.0.1:9100", ("http://127.0.0.1:9101", "http://127.0.0.1:9102")),
)


def shown(data_dir: str) -> list[str]:
    path = Path(data_dir)
    return list(summary(RUNNING, data_dir=path, logs=path / "logs", command="heartzone"))


def test_the_summary_names_every_address_and_the_folder_of_the_logs() -> None:
    text = "\n".join(shown(".heartzone"))

    for place in ("http://127.0.0.1:8080", "127.0.0.1:9092", "/apis/ccompat/v7", ":9100/", ":9102/", ".heartzone"):
        assert place in text


def test_the_line_to_try_is_the_request_of_the_course() -> None:
    (line,) = (line for line in shown(".heartzone") if line.lstrip().startswith("curl"))

    body = json.loads(shlex.split(line)[-1])

    assert [each["value"] for each in body["heartRates"]] == [90, 110, 130, 150, 170, 190]
    assert body["maxHeartRate"] == 200
    pascal = EXAMPLE_BODY
    for name in ("deviceId", "heartRates", "dateTime", "value", "maxHeartRate"):
        pascal = pascal.replace(f'"{name}"', f'"{name[0].upper()}{name[1:]}"')
    assert len(BiometricsDecoder().decode(pascal.encode()).heart_rates) == 6


@pytest.mark.parametrize(
    ("data_dir", "option"),
    [(".heartzone", ""), ("other", " --data-dir other"), ("my data", " --data-dir 'my data'")],
)
def test_the_commands_to_try_find_this_stack(data_dir: str, option: str) -> None:
    assert f"  heartzone zones --from-beginning{option}" in shown(data_dir)
    assert f"  heartzone replay{option} FILE" in shown(data_dir)


@pytest.mark.parametrize(
    ("data_dir", "command"),
    [
        pytest.param(".heartzone", "heartzone up --fresh", id="default"),
        pytest.param("/tmp/my data", "heartzone up --data-dir '/tmp/my data' --fresh", id="elsewhere"),
    ],
)
def test_the_command_that_deletes_data_names_the_folder_whose_data_are_damaged(data_dir: str, command: str) -> None:
    assert fresh_command(Path(data_dir)) == command


def test_downloads_are_shown_together_at_their_beginning_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    downloads = Downloads(Output(), lambda: False)
    for done in range(4):
        downloads(DownloadProgress("kafka 4.3.1", done, 3, done * 1_000_000, 3_000_000))

    assert capsys.readouterr().out.splitlines() == [
        "downloading kafka 4.3.1: 0 of 3 files, 0 of 3 MB",
        "downloading kafka 4.3.1: 3 of 3 files, 3 of 3 MB",
    ]


def test_a_cancelled_download_ends() -> None:
    with pytest.raises(DownloadCancelledError):
        Downloads(Output(), lambda: True)(DownloadProgress("kafka 4.3.1", 0, 3, 0, 0))
