"""Clients of a cluster that read and change a group's offsets, and the sentence when no broker responds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka.admin import AdminClient

from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.errors import CannotRunError
from service_chassis.consumer_groups.reader import GroupReader, GroupUnreadableError

REQUEST_TIMEOUT = 5.0  # seconds

# Errors are raised as one sentence each: the client's own log stays off.
QUIET: dict[str, Any] = {"log_level": "0", "error_cb": lambda _: None}


def open_admin(cluster: Cluster) -> AdminClient:
    """Open an admin client."""
    return AdminClient({**cluster.admin, **QUIET})


@contextmanager
def open_reader(cluster: Cluster, group: str) -> Iterator[GroupReader]:
    """Open a reader of the group while the block lasts. Raises CannotRunError where the block cannot read."""
    with GroupReader(group, admin=cluster.admin, consumer=cluster.consumer, timeout=REQUEST_TIMEOUT) as reader:
        try:
            yield reader
        except GroupUnreadableError as error:
            raise CannotRunError(f"{error} (Kafka at {cluster.bootstrap_servers}, from {cluster.origin})") from error
