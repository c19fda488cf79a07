"""The clients of `heartzone group`, and the sentence when no broker responds."""

from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.errors import CannotRunError
from service_chassis.consumer_groups.reader import GroupUnreadableError

REQUEST_TIMEOUT = 5.0  # seconds

# Errors are raised as one sentence each: the client's own log stays off.
QUIET: dict[str, Any] = {"log_level": "0", "error_cb": lambda _: None}


def open_admin(cluster: Cluster) -> AdminClient:
    """Open an admin client. Raises CannotRunError."""
    try:
        return AdminClient({**cluster.admin, **QUIET})
    except KafkaException as error:
        raise CannotRunError(f"A client cannot be made of the settings: {error.args[0].str()}.") from error


def cannot_read(error: GroupUnreadableError, cluster: Cluster) -> CannotRunError:
    """Add where that Kafka is."""
    return CannotRunError(f"{error} (Kafka at {cluster.bootstrap_servers}, from {cluster.origin})")
