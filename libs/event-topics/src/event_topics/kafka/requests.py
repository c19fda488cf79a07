"""Requests of the admin client for the actions of a plan, in parts that one request can hold."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from event_topics.model.steps import AddPartitions, AlterConfig, ConfigChange, CreateTopic

_Growth = TypeVar("_Growth", CreateTopic, AddPartitions)

# KRaft writes one request's topics in one batch of at most 10,000 records, of which each partition is one
# (QuorumController.MAX_RECORDS_PER_USER_OP); smaller batches also keep one request within its timeout.
_MAX_PARTITIONS_PER_REQUEST = 2_000


def batches(actions: Sequence[_Growth]) -> Iterator[Sequence[_Growth]]:
    """Yield the actions in as few parts as fit one request each."""
    batch: list[_Growth] = []
    partitions = 0
    for action in actions:
        grows_by = action.partitions if isinstance(action, CreateTopic) else action.after - action.before
        if batch and partitions + grows_by > _MAX_PARTITIONS_PER_REQUEST:
            yield batch
            batch, partitions = [], 0
        batch.append(action)
        partitions += grows_by
    if batch:
        yield batch


def new_topic(action: CreateTopic) -> NewTopic:
    """Return the client's form of a new topic."""
    # -1 leaves the number of replicas to the broker (KIP-464).
    replicas = -1 if action.replicas is None else action.replicas
    return NewTopic(action.topic, action.partitions, replicas, config=dict(action.config))


def config_resource(action: AlterConfig) -> ConfigResource:
    """Return the client's form of changes to a topic's configuration."""
    return ConfigResource(
        ResourceType.TOPIC, action.topic, incremental_configs=[_config_entry(change) for change in action.changes]
    )


def _config_entry(change: ConfigChange) -> ConfigEntry:
    operation = AlterConfigOpType.DELETE if change.after is None else AlterConfigOpType.SET
    return ConfigEntry(change.key, change.after, incremental_operation=operation)
