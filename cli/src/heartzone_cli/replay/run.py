"""The steps of a replay, in order: note where the topics end, send, wait for the zone workers, count."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from heartzone_cli.cluster.connection import cannot_read, find_up, read_cluster
from heartzone_cli.cluster.endpoints import Endpoints
from heartzone_cli.cluster.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.errors import CannotRunError
from heartzone_cli.replay.outcome import Outcome
from heartzone_cli.replay.pacing import paced, unpaced
from heartzone_cli.replay.progress import Progress, progress_on_stderr
from heartzone_cli.replay.report import Report, zone_lines
from heartzone_cli.replay.results import Results
from heartzone_cli.replay.sending import ApiUnavailableError, Batches, Sender
from heartzone_cli.replay.tally import ZoneCounter
from heartzone_cli.replay.workout import Workout


def run(
    workouts: Sequence[Workout],
    *,
    api: str | None,
    api_key: str | None,
    data_dir: Path | None,
    speed: float | None,
    timeout: float,
) -> Report:
    """Replay workouts and report the figures, also after a failure half-way or Ctrl-C.

    `api` and `data_dir` are the options, None when not given; `speed` is None for no pauses; `timeout` is the seconds
    to wait for zone workers that make no progress. Raises CannotRunError as long as nothing has been sent.
    """
    up = find_up(data_dir)
    url = choose_api(api, up)
    cluster = read_cluster(up)
    outcomes = [Outcome(workout) for workout in workouts]
    stop = threading.Event()
    progress = progress_on_stderr()
    with TopicReader(consumer=cluster.consumer, admin=cluster.admin) as reader:
        try:
            results = Results(reader, cluster)
        except TopicUnavailableError as error:
            raise cannot_read(error, cluster) from error
        try:
            _send(outcomes, partial(Sender, url, api_key=api_key), speed, stop, progress)
            with progress.waiting("waiting for the zone workers"):
                return _collect(results, outcomes, timeout, stop)
        except ApiUnavailableError as error:
            if not any(outcome.sent for outcome in outcomes):
                raise CannotRunError(str(error)) from error
            return Report(outcomes, failure=str(error))
        except TopicUnavailableError as error:
            return Report(outcomes, failure=str(cannot_read(error, cluster)))
        except KeyboardInterrupt:
            return Report(outcomes, failure="stopped by Ctrl-C", interrupted=True)


def choose_api(given: str | None, up: Endpoints | None) -> str:
    """Choose the web API: the option or HEARTZONE_API, or else the running `up`. Raises CannotRunError."""
    if given is None and up is None:
        raise CannotRunError(
            "No `heartzone up` is running in this folder or one above it: start it, or name the web API with "
            "--api or HEARTZONE_API."
        )
    url = given or (up.api if up is not None else "")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotRunError(f"{url!r} is no address of a web API; one like http://127.0.0.1:8080 would be right.")
    return url


def _send(
    outcomes: Sequence[Outcome],
    sender_to_api: Callable[..., Sender],
    speed: float | None,
    stop: threading.Event,
    progress: Progress,
) -> None:
    def batches(workout: Workout) -> Batches:
        if speed is None:
            return unpaced(workout.readings)
        return paced(workout.readings, speed, now=monotonic, wait=stop.wait)

    total = sum(len(outcome.workout.readings) for outcome in outcomes)
    with (
        progress.sending(total),
        sender_to_api(stop=stop, on_response=progress.advance, notify=progress.notify) as sender,
    ):
        sender.send([(outcome, partial(batches, outcome.workout)) for outcome in outcomes])


def _collect(results: Results, outcomes: Sequence[Outcome], timeout: float, stop: threading.Event) -> Report:
    device_ids = {outcome.workout.device_id for outcome in outcomes}
    records = results.sent_records(device_ids)
    left = results.wait_until_processed(records, timeout=timeout, stop=stop)
    counter = ZoneCounter(outcome.workout for outcome in outcomes)
    results.count_zones(counter, device_ids)
    missing = sum(record.samples for record in left)
    return Report(
        outcomes,
        zones=zone_lines(outcomes, counter.tally, missing=missing),
        missing=missing,
        unexpected=counter.tally.unexpected,
        invalid=counter.tally.invalid,
    )
