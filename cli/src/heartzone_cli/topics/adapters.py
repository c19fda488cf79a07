"""The two sides that `heartzone topics` works on, from the settings or a running `up`."""

from pathlib import Path

import click

from event_topics import InvalidKafkaConfigError, InvalidRegistryConfigError, KafkaTopics, SchemaSubjects
from heartzone_cli import cluster
from heartzone_cli.cluster import CannotRunError


def open_adapters(data_dir: Path | None) -> tuple[KafkaTopics, SchemaSubjects]:
    """Make the clients, closed when the command ends. Raises CannotRunError."""
    up = cluster.running(data_dir)
    try:
        kafka = KafkaTopics(cluster.connect(up).admin)
        registry = SchemaSubjects(cluster.registry(up))
    except (InvalidKafkaConfigError, InvalidRegistryConfigError) as error:
        raise CannotRunError(str(error)) from error
    return kafka, click.get_current_context().with_resource(registry)
