"""Text of `up`: downloads in one line while it starts, then the addresses and the commands to try."""

import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from embedded_kafka.distributions.progress import DownloadProgress, PreparationProgress
from heartzone_cli.cluster.endpoints import DEFAULT_DATA_DIR, Endpoints
from heartzone_cli.up.errors import DownloadCancelledError
from heartzone_cli.up.output import Output

# The request of the course that the original was built in: five of its six readings are in a zone.
EXAMPLE_BODY = (
    '{"deviceId":"3fa85f64-5717-4562-b3fc-2c963f66afa6","heartRates":['
    '{"dateTime":"2022-12-02T13:50:00.000Z","value":90},{"dateTime":"2022-12-02T13:51:00.000Z","value":110},'
    '{"dateTime":"2022-12-02T13:52:00.000Z","value":130},{"dateTime":"2022-12-02T13:53:00.000Z","value":150},'
    '{"dateTime":"2022-12-02T13:54:00.000Z","value":170},{"dateTime":"2022-12-02T13:55:00.000Z","value":190}],'
    '"maxHeartRate":200}'
)
_DOWNLOAD_INTERVAL_S = {True: 0.2, False: 5.0}  # on a terminal, and in a file


class Downloads:
    """Shows the progress of the first run's downloads, all in one line.

    Once `cancelled()` is true, each download is ended by DownloadCancelledError at its next progress.
    """

    def __init__(self, output: Output, cancelled: Callable[[], bool]) -> None:
        self._output = output
        self._cancelled = cancelled
        self._latest: dict[str, DownloadProgress | PreparationProgress] = {}
        self._shown = float("-inf")
        self._mutex = threading.Lock()

    def __call__(self, progress: DownloadProgress | PreparationProgress) -> None:
        """Show the progress of one download or preparation; called on its threads."""
        if self._cancelled():
            raise DownloadCancelledError
        terminal = sys.stdout.isatty()
        with self._mutex:
            first = type(self._latest.get(progress.name)) is not type(progress)
            self._latest[progress.name] = progress
            complete = all(each.finished for each in self._latest.values())
            now = time.monotonic()
            if not complete and not first and now - self._shown < _DOWNLOAD_INTERVAL_S[terminal]:
                return
            self._shown = now
            text = "; ".join(str(each) for each in self._latest.values())
            if self._output.machine or not terminal:
                self._output.event("downloading", text, detail=text)
            else:
                self._output.rewrite(f"{text}\n" if complete else text[: shutil.get_terminal_size().columns - 1])


def summary(running: Endpoints, *, data_dir: Path, logs: Path, command: str) -> Iterator[str]:
    """Yield the addresses and the commands to try; `data_dir` is the option, `command` how to call `heartzone`."""
    option = data_dir_option(data_dir)
    rows = [
        ("Web API", running.api, "POST /biometrics; try it out at /docs"),
        ("Kafka", running.kafka, ""),
        ("Schema registry", running.registry, "the Confluent API"),
        ("Metrics", f"{running.metrics.producer}/metrics", "producer"),
        *(("", f"{url}/metrics", f"zone-worker-{n}") for n, url in enumerate(running.metrics.zone_workers)),
        ("Data and logs", str(data_dir), f"logs in {logs.name}/"),
    ]
    wide = max(len(place) for _, place, _ in rows)
    yield ""
    yield from (f"  {name:<16} {place:<{wide}}  {note}".rstrip() for name, place, note in rows)
    yield ""
    yield "Send six readings:"
    yield ""
    yield f"  curl -i {running.api}/biometrics -H 'Content-Type: application/json' -d '{EXAMPLE_BODY}'"
    yield ""
    yield "See the zones come out, then send a recorded workout (.fit, .tcx, .gpx, .csv), in another terminal:"
    yield ""
    yield f"  {command} zones --from-beginning{option}"
    yield f"  {command} replay{option} FILE"
    yield ""


def data_dir_option(data_dir: Path) -> str:
    """Return the option for the data directory, with a blank before it; empty for the default one."""
    return "" if data_dir == Path(DEFAULT_DATA_DIR) else f" --data-dir {shlex.quote(str(data_dir))}"


def fresh_command(data_dir: Path) -> str:
    """Return the command that deletes the data in this directory, and not in the default one."""
    return f"heartzone up{data_dir_option(data_dir)} --fresh"


def own_command() -> str:
    """Return how to call `heartzone` from another terminal in the same folder."""
    script = Path(sys.executable).with_name("heartzone")
    if "VIRTUAL_ENV" not in os.environ and shutil.which("heartzone") == str(script):
        return "heartzone"
    if not script.exists():
        return shlex.join([sys.executable, "-m", "heartzone_cli"])
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
