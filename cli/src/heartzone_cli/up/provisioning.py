"""Topics, schemas and the group coordinator of a new cluster."""

import contextlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics import DesiredTopic, Failure, FailureReason, apply_event_topics
from heartzone_cli.errors import CannotRunError
from heartzone_cli.up.display import fresh_command

# librdkafka's log of a broken connection adds nothing to the message about the part.
_silenced = logging.getLogger("heartzone_cli.up.librdkafka")
_silenced.addHandler(logging.NullHandler())
_silenced.propagate = False

# Seconds. The first requests to a new JVM compile it: on a busy machine they take longer than a client waits.
WARM_UP_LIMIT = 120.0
RETRY_INTERVAL = 0.5


def apply_definitions(
    desired: Sequence[DesiredTopic], kafka: EmbeddedKafka, registry: EmbeddedRegistry, data_dir: Path
) -> tuple[int, int]:
    """Apply the definitions; return the number of topics, and of those that changed. Raises CannotRunError.

    What fails because Kafka or the registry does not respond is applied again, for as long as their first requests
    may take.
    """
    deadline = time.monotonic() + WARM_UP_LIMIT
    changed: set[str] = set()
    while True:
        report = apply_event_topics(
            desired, kafka_config=kafka.client_config(), registry_config=registry.client_config()
        )
        changed |= {each.step.resource for each in report.outcomes if each.failure is None}
        if not report.failures:
            return len(report.resources), len(changed)
        lasting = [each for each in report.failures if each.failure is not None and not _may_pass(each.failure)]
        if lasting or time.monotonic() > deadline:
            break
        time.sleep(RETRY_INTERVAL)
    first = (lasting or report.failures)[0]
    reason = "" if first.failure is None else first.failure.message
    more = f" ({len(report.failures) - 1} more steps failed)" if len(report.failures) > 1 else ""
    remedy = (
        f"Change the definition, or start with empty data: `{fresh_command(data_dir)}`."
        if lasting
        else f"It was tried for {WARM_UP_LIMIT:.0f} s: see the logs, and start again."
    )
    raise CannotRunError(f"The definition of topic {first.step.topic} cannot be applied: {reason}{more} {remedy}")


def _may_pass(failure: Failure) -> bool:
    # Of one topic or subject, too: each of its requests may be the first of its kind.
    return failure.transient or failure.reason in (FailureReason.TOPIC_FAILED, FailureReason.SUBJECT_FAILED)


def create_group_coordinator(kafka: dict[str, str]) -> None:
    """Have a new broker create its topic of groups before the workers need it.

    Otherwise they retry at different times, join the group one after the other, and rebalance for seconds.
    """
    properties: dict[str, Any] = {**kafka, "logger": _silenced}
    admin = AdminClient(properties)
    (group,) = admin.describe_consumer_groups(["zone-worker"], request_timeout=5).values()
    with contextlib.suppress(KafkaException):  # they start without it as well, only later
        group.result()
