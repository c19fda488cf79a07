"""The loop of `heartzone zones`: from the output topic to a live table, or to one line a message."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from confluent_kafka import Message

from heartzone.messages import HeartRateZoneReached, encode
from heartzone_cli.cluster.connection import cannot_read, find_up, read_cluster
from heartzone_cli.cluster.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.cluster.zone_events import ZoneEventDecoder


def follow(data_dir: Path | None, *, from_beginning: bool, machine: bool) -> None:
    """Print zone events until Ctrl-C, and then how many records were invalid. Raises CannotRunError."""
    cluster = read_cluster(find_up(data_dir))
    decoder = ZoneEventDecoder()
    with (
        contextlib.suppress(KeyboardInterrupt),
        TopicReader(consumer=cluster.consumer, admin=cluster.admin) as reader,
    ):
        try:
            batches = reader.follow(cluster.topics.zones, from_beginning=from_beginning)
            if machine or not sys.stdout.isatty():
                _print(batches, decoder, machine)
            else:
                from heartzone_cli.zones.live_table import draw  # noqa: PLC0415 - imports rich

                draw(batches, decoder, reader)
        except TopicUnavailableError as error:
            raise cannot_read(error, cluster) from error
    if decoder.invalid:
        click.echo(f"Invalid records: {decoder.invalid}.", err=True)


def line(event: HeartRateZoneReached) -> str:
    """Write one zone event as a line of text."""
    return f"{event.date_time} {event.device_id} Zone{event.zone} {event.heart_rate}"


def _print(batches: Iterator[list[Message]], decoder: ZoneEventDecoder, machine: bool) -> None:
    for batch in batches:
        for record in batch:
            event = decoder.decode(record.value())
            if event is not None:
                click.echo(encode(event) if machine else line(event))
