"""Options and exit codes of `heartzone replay`."""

import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

import click

from heartzone_cli.errors import CannotRunError
from heartzone_cli.options import data_dir_option, json_option
from heartzone_cli.replay.recordings import Recording, UnreadableRecordingError, load
from heartzone_cli.replay.workout import Workout, timed

API_VARIABLE = "HEARTZONE_API"
API_KEY_VARIABLE = "HEARTZONE_API_KEY_FILE"
INCOMPLETE = 1
MAX_LEFT_OUT_TOLD = 3
"""Sentences about what is left out of one recording; the rest is counted."""


class Speed(click.ParamType[float | None]):
    """A factor above 0, or `max` (None) for no pauses."""

    name = "X"

    def convert(
        self, value: str | float | None, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Parse the option's text."""
        if value is None or value == "max":
            return None
        factor = _positive(value)
        if factor is None:
            self.fail(f"{value!r} is no speed; a number above 0, or max, would be right.", param, ctx)
        return factor


class Seconds(click.ParamType[float]):
    """A timeout above 0; not infinite, with which the command might never end."""

    name = "SECONDS"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse the option's text."""
        seconds = _positive(value)
        if seconds is None:
            self.fail(f"{value!r} is no timeout; a number of seconds above 0 would be right.", param, ctx)
        return seconds


class DeviceId(click.ParamType[str]):
    """A UUID in its hyphenated form, in lower case as the API keeps it."""

    name = "UUID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse the option's text."""
        try:
            parsed = str(uuid.UUID(value))
        except ValueError:
            parsed = ""
        if parsed != value.lower():
            self.fail(
                f"{value!r} is no device id; one like 3fa85f64-5717-4562-b3fc-2c963f66afa6 would be right.",
                param,
                ctx,
            )
        return parsed


@click.command
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
    help="1 is real time, 60 an hour in a minute, max as fast as possible. Pauses in a recording are kept.",
)
@click.option("--api", envvar=API_VARIABLE, metavar="URL", help="The web API.  [default: that of the running `up`]")
@click.option(
    "--api-key-file",
    envvar=API_KEY_VARIABLE,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Send with the API key in this file.",
)
@click.option(
    "--wait",
    "timeout",
    type=Seconds(),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for zone workers that make no progress.",
)
@data_dir_option
@json_option("Print one JSON object a line instead of a table.")
def replay(
    *,
    files: tuple[Path, ...],
    max_heart_rate: int,
    device: str | None,
    speed: float | None,
    api: str | None,
    api_key_file: Path | None,
    timeout: float,
    data_dir: Path | None,
    machine: bool,
) -> None:
    """Send recorded workouts (.fit, .tcx, .gpx, .csv with time and heart_rate) through the web API.

    At the end: how many samples were sent, accepted and rejected, and samples and minutes in each zone as the zone
    workers computed them, read from the output topic. A sample lasts until the next one of its recording, at most
    30 seconds; the last one does not count. "none" are the accepted samples for which no zone came out, because
    they are below Zone1 (half of the maximum).

    When the API becomes unavailable in between, requests are sent again for 60 s before the replay ends.

    A sample that cannot be used (no time, a fraction, a clock that was not set) is named and left out.

    Exit code 0 when everything was sent, accepted and came out, 1 when not, 2 when it could not start, 130 after
    Ctrl-C.
    """
    workouts = _read(files, device, max_heart_rate)
    api_key = None if api_key_file is None else _read_key(api_key_file)
    from heartzone_cli.replay.run import run  # noqa: PLC0415 - imports HTTP and Kafka clients

    report = run(workouts, api=api, api_key=api_key, data_dir=data_dir, speed=speed, timeout=timeout)
    if machine:
        for line in report.json_lines():
            click.echo(line)
    else:
        from heartzone_cli.replay.chart import show  # noqa: PLC0415 - imports rich

        show(report)
    if report.interrupted:
        raise KeyboardInterrupt  # handled by the command group
    if report.failure is not None:
        click.echo(f"Error: {report.failure}", err=True)
    if not report.complete:
        sys.exit(INCOMPLETE)


def _read_key(file: Path) -> str:
    try:
        key = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise CannotRunError(f"{file} cannot be read as an API key: {error.strerror}.") from error
    except UnicodeDecodeError:
        key = ""
    if not key.isprintable() or not key or " " in key:
        raise CannotRunError(f"{file} holds no API key; one line like hz_0123456789abcdef would be right.")
    return key


def _tell_what_is_left_out(recording: Recording) -> None:
    for sentence, count in list(recording.left_out.items())[:MAX_LEFT_OUT_TOLD]:
        times = f" ({count} times)" if count > 1 else ""
        click.echo(f"Left out: {sentence}{times}", err=True)
    further = sum(list(recording.left_out.values())[MAX_LEFT_OUT_TOLD:])
    if further:
        click.echo(f"Left out: {further} further samples of {recording.path}.", err=True)


def _positive(value: str | float) -> float | None:
    """Parse a finite number above 0; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _read(files: Sequence[Path], device: str | None, max_heart_rate: int) -> list[Workout]:
    # All of them before the first request: a typo in the last name must not leave half a replay behind.
    try:
        recordings = [load(path) for path in files]
    except UnreadableRecordingError as error:
        raise CannotRunError(str(error)) from error
    for recording in recordings:
        _tell_what_is_left_out(recording)
    return [
        Workout(
            recording.path,
            device or recording.device_id,
            max_heart_rate,
            timed(recording.samples),
            sum(recording.left_out.values()),
        )
        for recording in recordings
    ]
