"""Options and exit codes of `heartzone up`."""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import click

from heartzone_cli.cluster.endpoints import DEFAULT_DATA_DIR
from heartzone_cli.errors import CannotRunError
from heartzone_cli.options import DEFINITIONS_DIR, find_definitions, json_option
from heartzone_cli.up.output import Output
from heartzone_cli.up.ports import API_FLAG, KAFKA_FLAG, METRICS_FLAG, REGISTRY_FLAG, assign, choose_free
from heartzone_cli.up.stop_requests import StopRequests

PORT = click.IntRange(0, 65535)


@click.command
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
    help=f"Folder or file with the EventTopics.  [default: the nearest {DEFINITIONS_DIR}/, or the product's own]",
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
@json_option("Print one JSON object an event, one a line.")
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

    Prints when all of it is ready, where it listens and what to try. Neither Docker nor an installed Java is needed:
    what is missing is downloaded at the first start and kept for later ones. For any port, 0 takes a free one.

    Ctrl-C (SIGTERM, SIGHUP) stops everything in order within ten seconds, another Ctrl-C at once; the data are kept for
    the next start. Exit code 0 when stopped by a signal, 1 when a part failed, 2 when it could not start.
    """
    began = time.monotonic()
    output = Output(machine=machine)
    with StopRequests() as requests:
        try:
            if sys.platform == "win32":
                raise CannotRunError("heartzone runs on Linux and macOS, not on Windows; use WSL 2 there.")
            if find_spec("embedded_kafka") is None:
                raise CannotRunError(
                    "This heartzone has no Kafka to run, as in its image; with `pip install heartzone-cli` it has."
                )
            definitions = find_definitions(topics)
            ports = assign(
                api=api_port,
                kafka=kafka_port,
                registry=registry_port,
                metrics=metrics_port,
                workers=workers,
                choose=choose_free,
            )
        except CannotRunError as error:
            output.error(error.message)
            sys.exit(error.exit_code)
        # Takes most of a second to import, in which a signal is handled already.
        from heartzone_cli.up.run import Options, run  # noqa: PLC0415

        code = run(Options(data_dir, fresh, ports, definitions, began), requests, output)
    sys.exit(code)
