"""The command line of `heartzone replay`: options, the order of the steps, exit codes."""

import sys
import threading
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import monotonic

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from heartzone_local.cluster import (
    API_VARIABLE,
    CannotRunError,
    Cluster,
    api_url,
    connect,
    does_not_answer,
    running,
)
from heartzone_local.recordings import UnreadableRecordingError, load
from heartzone_local.replay.pacing import as_fast_as_it_goes, paced
from heartzone_local.replay.report import Report, as_json, show, zone_lines
from heartzone_local.replay.results import Results
from heartzone_local.replay.sending import ApiUnavailableError, Batches, Outcome, Sender
from heartzone_local.replay.tally import ZoneCounter
from heartzone_local.replay.workout import Workout, timed
from heartzone_local.topic_reader import TopicReader, TopicUnavailableError

FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


class Speed(click.ParamType[float | None]):
    """A factor above 0, or `max` (None) for as fast as it goes."""

    name = "X"

    def convert(
        self, value: str | float | None, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Parse the option's text."""
        if value is None or value == "max":
            return None
        try:
            factor = float(value)
        except ValueError:
            factor = -1.0
        if not 0 < factor < float("inf"):
            self.fail(f"{value!r} is no speed; a number above 0, or max, would be right.", param, ctx)
        return factor


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
    type=click.FloatRange(0, min_open=True),
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

    Exit code 0 when everything was accepted and came out, 1 when not, 2 when it could not start.
    """
    workouts = _read(files, device, max_heart_rate)
    up = running(data_dir)
    url = api_url(api, up)
    cluster = connect(up)
    outcomes = [Outcome(workout) for workout in workouts]
    stop = threading.Event()
    failure: str | None = None

    with TopicReader(consumer=cluster.consumer, admin=cluster.admin) as reader:
        results = _prepare(reader, cluster)
        try:
            _send(outcomes, url, speed, stop)
        except ApiUnavailableError as error:
            if not any(outcome.sent for outcome in outcomes):
                hint = does_not_answer(f"The API at {url}", str(up.source)) if up and api is None else error
                raise CannotRunError(str(hint)) from error
            failure = str(error)
        except KeyboardInterrupt:
            _print(Report(outcomes), machine)
            sys.exit(INTERRUPTED)
        try:
            report = _collect(results, outcomes, patience, stop)
        except TopicUnavailableError as error:
            report, failure = Report(outcomes), str(error)
        except KeyboardInterrupt:
            _print(Report(outcomes), machine)
            sys.exit(INTERRUPTED)

    _print(report, machine)
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    if failure is not None or not report.complete:
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


def _prepare(reader: TopicReader, cluster: Cluster) -> Results:
    try:
        return Results(reader, cluster)
    except TopicUnavailableError as error:
        raise CannotRunError(f"{error} (Kafka at {cluster.bootstrap_servers}, from {cluster.origin})") from error


def _send(outcomes: Sequence[Outcome], url: str, speed: float | None, stop: threading.Event) -> None:
    def batches(workout: Workout) -> Batches:
        if speed is None:
            return as_fast_as_it_goes(workout.readings)
        return paced(workout.readings, speed, now=monotonic, wait=stop.wait)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("samples"),
        TimeRemainingColumn(),
    )
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal, transient=True) as progress:
        task = progress.add_task("sending", total=sum(len(outcome.workout.readings) for outcome in outcomes))
        with Sender(url, stop=stop, progress=lambda samples: progress.advance(task, samples)) as sender:
            sender.send([(outcome, partial(batches, outcome.workout)) for outcome in outcomes])


def _collect(results: Results, outcomes: Sequence[Outcome], patience: float, stop: threading.Event) -> Report:
    device_ids = {outcome.workout.device_id for outcome in outcomes}
    records = results.sent_records(device_ids)
    left = results.wait_until_processed(records, patience_s=patience, stop=stop)
    counter = ZoneCounter(outcome.workout for outcome in outcomes)
    results.count_zones(counter, device_ids)
    missing = sum(record.samples for record in left)
    return Report(
        outcomes,
        zones=zone_lines(outcomes, counter.tally, missing=missing),
        missing=missing,
        unexpected=counter.tally.unexpected,
        unreadable=counter.tally.unreadable,
    )


def _print(report: Report, machine: bool) -> None:
    if machine:
        for line in as_json(report):
            click.echo(line)
    else:
        show(report, Console(highlight=False))
