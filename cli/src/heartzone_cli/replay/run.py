"""The steps of a replay, in order: note where the topics end, send, wait for the zone workers, count."""

import threading
from collections.abc import Sequence
from functools import partial
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from heartzone_cli.cluster import CannotRunError, Cluster, cannot_read
from heartzone_cli.replay.pacing import as_fast_as_it_goes, paced
from heartzone_cli.replay.report import Report, zone_lines
from heartzone_cli.replay.results import Results
from heartzone_cli.replay.sending import ApiUnavailableError, Batches, Outcome, Sender
from heartzone_cli.replay.tally import ZoneCounter
from heartzone_cli.replay.workout import Workout
from heartzone_cli.topic_reader import TopicReader, TopicUnavailableError


def run(workouts: Sequence[Workout], *, url: str, cluster: Cluster, speed: float | None, patience_s: float) -> Report:
    """Replay workouts and report what came of it, also when that ends half-way or with Ctrl-C.

    Raises CannotRunError as long as nothing has been sent.
    """
    outcomes = [Outcome(workout) for workout in workouts]
    stop = threading.Event()
    terminal = Console(stderr=True)
    with TopicReader(consumer=cluster.consumer, admin=cluster.admin) as reader:
        try:
            results = Results(reader, cluster)
        except TopicUnavailableError as error:
            raise cannot_read(error, cluster) from error
        try:
            _send(outcomes, url, speed, stop, terminal)
            with terminal.status("waiting for the zone workers"):
                return _collect(results, outcomes, patience_s, stop)
        except ApiUnavailableError as error:
            if not any(outcome.sent for outcome in outcomes):
                raise CannotRunError(str(error)) from error
            return Report(outcomes, failure=str(error))
        except TopicUnavailableError as error:
            return Report(outcomes, failure=str(cannot_read(error, cluster)))
        except KeyboardInterrupt:
            return Report(outcomes, failure="stopped by Ctrl-C", interrupted=True)


def _send(outcomes: Sequence[Outcome], url: str, speed: float | None, stop: threading.Event, terminal: Console) -> None:
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
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal, transient=True) as progress:
        task = progress.add_task("sending", total=sum(len(outcome.workout.readings) for outcome in outcomes))
        with Sender(
            url,
            stop=stop,
            progress=lambda samples: progress.advance(task, samples),
            tell=lambda text: terminal.print(text, markup=False, highlight=False, soft_wrap=True),
        ) as sender:
            sender.send([(outcome, partial(batches, outcome.workout)) for outcome in outcomes])


def _collect(results: Results, outcomes: Sequence[Outcome], patience_s: float, stop: threading.Event) -> Report:
    device_ids = {outcome.workout.device_id for outcome in outcomes}
    records = results.sent_records(device_ids)
    left = results.wait_until_processed(records, patience_s=patience_s, stop=stop)
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
