"""The clients of Kafka and the schema registry that `heartzone topics` works with."""

from pathlib import Path

import click

from event_topics import InvalidKafkaConfigError, InvalidRegistryConfigError, KafkaTopics, SchemaSubjects
from heartzone_cli.cluster.connection import find_up, read_cluster, read_registry
from heartzone_cli.errors import CannotRunError


def open_adapters(data_dir: Path | None) -> tuple[KafkaTopics, SchemaSubjects]:
    """Open clients of the cluster; they are closed when the command ends. Raises CannotRunError."""
    up = find_up(data_dir)
    try:
        kafka = KafkaTopics(read_cluster(up).admin)
        registry = SchemaSubjects(read_registry(up))
    except (InvalidKafkaConfigError, InvalidRegistryConfigError) as error:
        raise CannotRunError(str(error)) from error
    return kafka, click.get_current_context().with_resource(registry)
