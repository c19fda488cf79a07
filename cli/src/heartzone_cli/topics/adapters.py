"""The cluster and the console that `heartzone topics` gives to the commands of event_topics."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from event_topics import InvalidKafkaConfigError, InvalidRegistryConfigError, KafkaTopics, SchemaSubjects
from event_topics.command.output import CannotRunError as CommandCannotRunError
from event_topics.command.output import Connect, Console
from heartzone_cli.cluster.connection import find_up, read_cluster, read_registry
from heartzone_cli.errors import CannotRunError


@contextmanager
def terminal(data_dir: Path | None) -> Iterator[tuple[Connect, Console]]:
    """Give what a command runs with; its error becomes one of this program. Raises CannotRunError."""
    confirm = (lambda question: click.confirm(question, abort=True)) if sys.stdin.isatty() else None
    try:
        yield lambda: _open_adapters(data_dir), Console(click.echo, lambda text: click.echo(text, err=True), confirm)
    except CommandCannotRunError as error:
        raise CannotRunError(str(error)) from error


def _open_adapters(data_dir: Path | None) -> tuple[KafkaTopics, SchemaSubjects]:
    """Open clients of the cluster; they are closed when the command ends. Raises CannotRunError."""
    up = find_up(data_dir)
    try:
        kafka = KafkaTopics(read_cluster(up).admin)
        registry = SchemaSubjects(read_registry(up))
    except (InvalidKafkaConfigError, InvalidRegistryConfigError) as error:
        raise CannotRunError(str(error)) from error
    return kafka, click.get_current_context().with_resource(registry)
