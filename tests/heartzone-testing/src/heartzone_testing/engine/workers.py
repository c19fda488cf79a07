"""Workers of exactly_once on a broker of the tests."""

import uuid
from collections.abc import Callable
from typing import Any

from exactly_once import OutputRecord, Transform, Worker, WorkerConfig
from heartzone_testing.brokers.testbed import Testbed

Make = Callable[..., Worker]


def worker_on(kafka: Testbed, source: str, transform: Transform, **overrides: Any) -> Worker:
    """A worker from one topic with short waits, in a group of its own; ``overrides`` are fields of its WorkerConfig.

    ``observer``, ``look_ahead`` and ``watchdog`` go to the worker itself. ``group_protocol`` is classic or consumer.
    """
    group = f"group-{uuid.uuid4().hex[:8]}"
    own = {name: overrides.pop(name) for name in ("observer", "look_ahead", "watchdog") if name in overrides}
    if overrides.pop("group_protocol", "classic") == "consumer":
        consumer: dict[str, Any] = {"group.protocol": "consumer"}
    else:
        consumer = {"session.timeout.ms": 6000}
    settings: dict[str, Any] = {
        "input_topics": [source],
        "group_id": group,
        "transactional_id": f"{overrides.get('group_id', group)}-{uuid.uuid4().hex[:8]}",
        "connection": kafka.connection,
        "idle": 0.1,
        "lag_interval": 0.2,
        "transaction_timeout": 3.0,
        **overrides,
        "consumer": {**consumer, **overrides.get("consumer", {})},
    }
    return Worker(WorkerConfig(**settings), transform, **own)


def copy_to(topic: str) -> Transform:
    """A transform that copies each record to a topic, key and value."""
    return lambda record: [OutputRecord(topic, record.value(), record.key())]
