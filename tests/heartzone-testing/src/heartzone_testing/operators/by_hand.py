"""Topics that somebody creates and changes without the operator."""

import uuid
from dataclasses import dataclass, field

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from embedded_kafka import EmbeddedKafka
from event_topics import ObservedTopic


@dataclass(frozen=True)
class Topic:
    """A topic that somebody created by hand, or that is expected."""

    partitions: int = 1
    config: dict[str, str] = field(default_factory=dict)


def topic_of(observed: ObservedTopic | None) -> Topic | None:
    """An observed topic, to compare with an expected one."""
    return None if observed is None else Topic(observed.partitions, dict(observed.config))


def fresh_name() -> str:
    """A topic's name that no other test uses."""
    return f"Orders-{uuid.uuid4().hex[:8]}"


class ByHand:
    """Changes by an admin client of its own."""

    def __init__(self, kafka: EmbeddedKafka) -> None:
        self._admin = AdminClient({**kafka.client_config()})

    def create(self, name: str, topic: Topic) -> None:
        """Create a topic."""
        for future in self._admin.create_topics([NewTopic(name, topic.partitions, 1, config=topic.config)]).values():
            future.result()

    def set(self, name: str, key: str, value: str) -> None:
        """Set one key of a topic's configuration."""
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
        for future in self._admin.incremental_alter_configs([resource]).values():
            future.result()

    def delete(self, name: str) -> None:
        """Delete a topic."""
        for future in self._admin.delete_topics([name]).values():
            future.result()
