"""librdkafka's properties that cannot work, or would break the promise, each with the sentence that says why."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from exactly_once.core.librdkafka_properties import CONSUMER_PROPERTIES, PRODUCER_PROPERTIES

Value: TypeAlias = str | int | float | bool
Properties: TypeAlias = Mapping[str, Value]

REFUSED_CONSUMER_PROPERTIES: dict[str, str] = {
    "auto.offset.reset": "missing_offsets says where a partition without a committed offset starts, and"
    " offset_out_of_range where one goes on whose offset is gone",
    "enable.auto.commit": "offsets are committed in the transaction",
    "enable.auto.offset.store": "offsets come from the worker's own bookkeeping",
    "enable.partition.eof": "the end of a partition is how the lag reads 0 when idle",
    "group.id": "it is the worker's group_id",
    "isolation.level": "read_committed is what makes a new owner wait for the old owner's offsets (KIP-447)",
}
REFUSED_PRODUCER_PROPERTIES: dict[str, str] = {
    "acks": "a transaction needs all in-sync replicas",
    "enable.idempotence": "transactions need it",
    "request.required.acks": "a transaction needs all in-sync replicas",
    "statistics.interval.ms": "statistics show whether a commit was sent twice, and are needed soon after it",
    "transaction.timeout.ms": "it is the worker's transaction_timeout, and other timeouts follow from it",
    "transactional.id": "it is the worker's transactional_id",
}

CLASSIC, CONSUMER = "classic", "consumer"
INCREMENTAL_STRATEGY = "cooperative-sticky"

_SET_BY_BROKERS = "the brokers set it for the group, as group.consumer.{}"
REJECTED_BY_CONSUMER_PROTOCOL: dict[str, str] = {
    "group.protocol.type": "it belongs to the classic protocol",
    "heartbeat.interval.ms": _SET_BY_BROKERS.format("heartbeat.interval.ms"),
    "partition.assignment.strategy": "the brokers assign partitions; choose with group.remote.assignor",
    "session.timeout.ms": _SET_BY_BROKERS.format("session.timeout.ms"),
}
"""What librdkafka rejects together with ``group.protocol=consumer`` (KIP-848)."""


def known_to_consumers(properties: Properties) -> dict[str, Value]:
    """Those of them that a consumer knows."""
    return {name: value for name, value in properties.items() if name not in PRODUCER_PROPERTIES}


def known_to_producers(properties: Properties) -> dict[str, Value]:
    """Those of them that a producer knows."""
    return {name: value for name, value in properties.items() if name not in CONSUMER_PROPERTIES}


def known_to_all(properties: Properties) -> dict[str, Value]:
    """Those of them that every client knows."""
    return known_to_consumers(known_to_producers(properties))


def group_protocol(properties: Properties) -> str:
    """The protocol that a consumer with these properties joins its group by."""
    return str(properties.get("group.protocol", CLASSIC))


def problems(*, connection: Properties, consumer: Properties, producer: Properties) -> Iterator[str]:
    """What is wrong with these properties, in sentences: those of both clients, and the additions for each."""
    for side, properties, refused in (
        ("connection", connection, REFUSED_CONSUMER_PROPERTIES | REFUSED_PRODUCER_PROPERTIES),
        ("consumer", consumer, REFUSED_CONSUMER_PROPERTIES),
        ("producer", producer, REFUSED_PRODUCER_PROPERTIES),
    ):
        for name in properties:
            if name in refused:
                yield f"{side} property {name} cannot be set: {refused[name]}"
    yield from _problems_of_group({**connection, **consumer})


def _problems_of_group(properties: Properties) -> Iterator[str]:
    protocol = group_protocol(properties)
    if protocol == CONSUMER:
        for name, why in REJECTED_BY_CONSUMER_PROTOCOL.items():
            if name in properties:
                yield f"consumer property {name} cannot be set with group.protocol {CONSUMER}: {why}"
    elif protocol == CLASSIC:
        strategy = properties.get("partition.assignment.strategy", INCREMENTAL_STRATEGY)
        if strategy != INCREMENTAL_STRATEGY:
            yield (
                f"consumer property partition.assignment.strategy is {strategy!r}; only {INCREMENTAL_STRATEGY} can be"
                " used, because partitions are assigned and revoked one by one"
            )
        if "group.remote.assignor" in properties:
            yield f"consumer property group.remote.assignor cannot be set without group.protocol {CONSUMER}"
    else:
        yield f"consumer property group.protocol is {protocol!r}; give {CLASSIC} or {CONSUMER}"
