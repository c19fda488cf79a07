"""The command line of `heartzone zones`: which of three outputs, and the loop that feeds it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from confluent_kafka import Message
from rich.console import Console
from rich.live import Live

from heartzone.messages import encode
from heartzone_cli.cluster import cannot_read, connect, running
from heartzone_cli.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.zones.board import Board
from heartzone_cli.zones.display import line, table
from heartzone_cli.zones.messages import ZoneMessages


@click.command(short_help="Follow the heart-rate zones live.")
@click.option("--from-beginning", is_flag=True, help="Start with the oldest message instead of now.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where `up` keeps its data.  [default: the nearest .heartzone/]",
)
@click.option("--json", "machine", is_flag=True, help="Print each message as it is in Kafka, one a line.")
def zones(*, from_beginning: bool, data_dir: Path | None, machine: bool) -> None:
    """Follow the output topic, read_committed, until Ctrl-C.

    On a terminal: a table of the devices with the current zone, the recent heart rates, and minutes and seconds in
    that zone (a wide terminal: in every zone) since the command began to look. A reading lasts until the next one,
    at most 30 seconds. Elsewhere: one line a message, as JSON with --json.
    """
    cluster = connect(running(data_dir))
    console = Console()
    messages = ZoneMessages()
    with (
        contextlib.suppress(KeyboardInterrupt),
        TopicReader(consumer=cluster.consumer, admin=cluster.admin) as reader,
    ):
        try:
            batches = reader.follow(cluster.zones_topic, from_beginning=from_beginning)
            if machine or not console.is_terminal:
                _print(batches, messages, machine)
            else:
                _draw(batches, messages, reader, console)
        except TopicUnavailableError as error:
            raise cannot_read(error, cluster) from error
    if messages.unreadable:
        click.echo(f"Records that could not be read: {messages.unreadable}.", err=True)


def _print(batches: Iterator[list[Message]], messages: ZoneMessages, machine: bool) -> None:
    for batch in batches:
        for record in batch:
            message = messages.decode(record)
            if message is not None:
                click.echo(encode(message) if machine else line(message))


def _draw(batches: Iterator[list[Message]], messages: ZoneMessages, reader: TopicReader, console: Console) -> None:
    board = Board()
    with Live(console=console, auto_refresh=False) as live:
        for batch in batches:
            for record in batch:
                message = messages.decode(record)
                if message is None:
                    continue
                try:
                    board.update(message)
                except (ValueError, OverflowError):  # a DateTime that is none: the topic is open to other writers
                    messages.unreadable += 1
            live.update(
                table(
                    board,
                    width=console.width,
                    height=console.height,
                    unreadable=messages.unreadable,
                    trouble=reader.trouble,
                ),
                refresh=True,
            )
