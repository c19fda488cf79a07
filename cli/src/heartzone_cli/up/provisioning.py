"""Topics, schemas and the group coordinator of a new cluster."""

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics import DesiredTopic, apply_event_topics
from heartzone_cli.errors import CannotRunError
from heartzone_cli.up.display import fresh_command

# librdkafka's log of a broken connection adds nothing to the message about the part.
_silenced = logging.getLogger("heartzone_cli.up.librdkafka")
_silenced.addHandler(logging.NullHandler())
_silenced.propagate = False


def apply_definitions(
    desired: Sequence[DesiredTopic], kafka: EmbeddedKafka, registry: EmbeddedRegistry, data_dir: Path
) -> tuple[int, int]:
    """Apply the definitions; return the number of topics, and of those that changed. Raises CannotRunError."""
    report = apply_event_topics(desired, kafka_config=kafka.client_config(), registry_config=registry.client_config())
    if report.failures:
        first = report.failures[0]
        reason = "" if first.failure is None else first.failure.message
        more = f" ({len(report.failures) - 1} more steps failed)" if len(report.failures) > 1 else ""
        raise CannotRunError(
            f"The definition of topic {first.step.topic} cannot be applied: {reason}{more} "
            f"Change the definition, or start with empty data: `{fresh_command(data_dir)}`."
        )
    return len(report.resources), sum(status == "applied" for status in report.by_resource.values())


def create_group_coordinator(kafka: dict[str, str]) -> None:
    """Have a new broker create its topic of groups before the workers need it.

    Otherwise they retry at different times, join the group one after the other, and rebalance for seconds.
    """
    properties: dict[str, Any] = {**kafka, "logger": _silenced}
    admin = AdminClient(properties)
    (group,) = admin.describe_consumer_groups(["zone-worker"], request_timeout=5).values()
    with contextlib.suppress(KafkaException):  # they start without it as well, only later
        group.result()
