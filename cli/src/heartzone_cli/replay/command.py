"""The command line of `heartzone replay`: options and exit codes."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from heartzone_cli.cluster import API_VARIABLE, CannotRunError, api_url, connect, running
from heartzone_cli.recordings import UnreadableRecordingError, load
from heartzone_cli.replay.options import DeviceId, Patience, Speed
from heartzone_cli.replay.report import Report, as_json, show
from heartzone_cli.replay.run import run
from heartzone_cli.replay.workout import Workout, timed

FAILED = 1


@click.command(short_help="Send recorded workouts through the web API.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--max-heart-rate",
    type=click.IntRange(1, 2**31 - 1),
    default=190,
    show_default=True,
    metavar="N",
    help="The athlete's maximum, in beats a minute: the zones are shares of it.",
)
@click.option(
    "--device",
    type=DeviceId(),
    help="Send every file as this device.  [default: an id that follows from the file's content]",
)
@click.option(
    "--speed",
    type=Speed(),
    default="max",
    show_default=True,
    help="1 is real time, 60 an hour in a minute, max as fast as it goes. Pauses in a recording are kept.",
)
@click.option("--api", envvar=API_VARIABLE, metavar="URL", help="The web API.  [default: that of the running `up`]")
@click.option(
    "--wait",
    "patience",
    type=Patience(),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for zone workers that make no progress.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where `up` keeps its data.  [default: the nearest .heartzone/]",
)
@click.option("--json", "machine", is_flag=True, help="Print one JSON object a line instead of a table.")
def replay(
    *,
    files: tuple[Path, ...],
    max_heart_rate: int,
    device: str | None,
    speed: float | None,
    api: str | None,
    patience: float,
    data_dir: Path | None,
    machine: bool,
) -> None:
    """Send recorded workouts (.fit, .tcx, .gpx, .csv with time and heart_rate) through the web API.

    At the end: how many samples were sent, accepted and refused, and samples and minutes in each zone as the zone
    workers computed them, read from the output topic. A sample lasts until the next one of its recording, at most
    30 seconds; the last one does not count. "none" are the accepted samples for which no zone came out, because
    they are below Zone1 (half of the maximum).

    When the API goes away in between, requests are tried again for 60 s before the replay ends.

    Exit code 0 when everything was accepted and came out, 1 when not, 2 when it could not start, 130 after Ctrl-C.
    """
    workouts = _read(files, device, max_heart_rate)
    up = running(data_dir)
    report = run(workouts, url=api_url(api, up), cluster=connect(up), speed=speed, patience_s=patience)
    _print(report, machine)
    if report.interrupted:
        raise KeyboardInterrupt  # the command group knows how to end
    if report.failure is not None:
        click.echo(f"Error: {report.failure}", err=True)
    if not report.complete:
        sys.exit(FAILED)


def _read(files: Sequence[Path], device: str | None, max_heart_rate: int) -> list[Workout]:
    # All of them before the first request: a typo in the last name must not leave half a replay behind.
    try:
        recordings = [load(path) for path in files]
    except UnreadableRecordingError as error:
        raise CannotRunError(str(error)) from error
    return [
        Workout(recording.path, device or recording.device_id, max_heart_rate, timed(recording.samples))
        for recording in recordings
    ]


def _print(report: Report, machine: bool) -> None:
    if machine:
        for line in as_json(report):
            click.echo(line)
    else:
        show(report, Console(highlight=False))
