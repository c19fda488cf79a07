"""The command line of `heartzone up`: its options, and exit codes."""

import sys
import time
from pathlib import Path
from typing import NoReturn

import click

from heartzone_cli.endpoints import DEFAULT_DATA_DIR
from heartzone_cli.topics.definitions import FOLDER, default_folder
from heartzone_cli.up.output import Output
from heartzone_cli.up.ports import API_FLAG, KAFKA_FLAG, METRICS_FLAG, REGISTRY_FLAG, assign, choose_free
from heartzone_cli.up.refusal import CannotStart
from heartzone_cli.up.stop_requests import StopRequests

REFUSED = 2
PORT = click.IntRange(0, 65535)


@click.command(short_help="Run Kafka, the schema registry, the web API and the zone workers here.")
@click.option(
    "--workers", type=click.IntRange(1, 32), default=2, show_default=True, metavar="N", help="How many zone workers."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path(DEFAULT_DATA_DIR),
    show_default=True,
    help="Where data and logs are kept.",
)
@click.option("--fresh", is_flag=True, help="Delete the data in it first.")
@click.option(
    "--topics",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help=f"Folder or file with the EventTopics.  [default: the nearest {FOLDER}/]",
)
@click.option(API_FLAG, type=PORT, default=8080, show_default=True, metavar="PORT", help="Port of the web API.")
@click.option(KAFKA_FLAG, type=PORT, default=9092, show_default=True, metavar="PORT", help="Port of Kafka.")
@click.option(REGISTRY_FLAG, type=PORT, default=8081, show_default=True, metavar="PORT", help="Port of the registry.")
@click.option(
    METRICS_FLAG,
    type=PORT,
    default=9100,
    show_default=True,
    metavar="PORT",
    help="First of the management ports: the web API's, then one for each worker.",
)
@click.option("--json", "machine", is_flag=True, help="Print one JSON object an event, one a line.")
def up(
    *,
    workers: int,
    data_dir: Path,
    fresh: bool,
    topics: Path | None,
    api_port: int,
    kafka_port: int,
    registry_port: int,
    metrics_port: int,
    machine: bool,
) -> None:
    """Run Kafka, the schema registry, the web API and the zone workers here, until Ctrl-C.

    Says when all of it is ready, where it listens and what to try. Neither Docker nor an installed Java is needed: what
    is missing is downloaded at the first start and kept for later ones. For any port, 0 takes a free one.

    Ctrl-C (SIGTERM, SIGHUP) stops everything in order within ten seconds, another Ctrl-C at once; the data stay and go
    on at the next start. Exit code 0 when asked to stop, 1 when a part failed, 2 when it could not start.
    """
    began = time.monotonic()
    output = Output(machine=machine)
    with StopRequests() as requests:
        # Takes most of a second to import, in which a signal is heard already.
        if sys.platform == "win32":
            _refuse(output, "heartzone runs on Linux and macOS, not on Windows; use WSL 2 there.")
        from heartzone_cli.up.run import Options, run  # noqa: PLC0415

        folder = topics or default_folder()
        if folder is None:
            _refuse(output, f"There is no {FOLDER} in this folder or one above it; name the definitions with --topics.")
        try:
            ports = assign(
                api=api_port,
                kafka=kafka_port,
                registry=registry_port,
                metrics=metrics_port,
                workers=workers,
                choose=choose_free,
            )
        except CannotStart as error:
            _refuse(output, str(error))
        code = run(Options(data_dir, fresh, ports, folder, began), requests, output)
    sys.exit(code)


def _refuse(output: Output, sentence: str) -> NoReturn:
    output.error(sentence)
    sys.exit(REFUSED)
