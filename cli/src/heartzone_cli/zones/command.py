"""Options of `heartzone zones`."""

from pathlib import Path

import click

from heartzone_cli.options import data_dir_option, json_option


@click.command
@click.option("--from-beginning", is_flag=True, help="Start with the oldest message instead of now.")
@data_dir_option
@json_option("Print each message as it is in Kafka, one a line.")
def zones(*, from_beginning: bool, data_dir: Path | None, machine: bool) -> None:
    """Follow the output topic, read_committed, until Ctrl-C.

    On a terminal: a table of the devices with the current zone, the recent heart rates, and minutes and seconds in
    that zone (a wide terminal: in every zone) since the command started. A reading lasts until the next one, at
    most 30 seconds. Elsewhere: one line a message, as JSON with --json.
    """
    from heartzone_cli.zones.follow import follow  # noqa: PLC0415 - imports Kafka's client

    follow(data_dir, from_beginning=from_beginning, machine=machine)
