"""The Kafka side: what topics are like now, and the topic half of a plan, in as few requests as Kafka takes."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import TopicCollection
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from event_topics.failures import Failure
from event_topics.kafka_admin import KafkaAdmin
from event_topics.plan import AddPartitions, AlterConfig, ConfigChange, CreateTopic, TopicAction, same_config_value
from event_topics.resource import KAFKA_OWN_TOPICS
from event_topics.state import ObservedTopic

_T = TypeVar("_T")

# KRaft writes one request's topics in one batch of at most 10,000 records, of which each partition is one
# (QuorumController.MAX_RECORDS_PER_USER_OP); smaller batches also keep one request within its time-out.
_PARTITIONS_PER_REQUEST = 2_000
_VISIBLE_WITHIN_S = 3.0


class KafkaTopics:
    """An admin client. `timeout` in seconds bounds each request; nothing here waits longer than that."""

    def __init__(
        self,
        client_config: Mapping[str, str],
        *,
        timeout: float = 10.0,
        on_request: Callable[[str], None] = lambda call: None,  # noqa: ARG005
    ) -> None:
        """Start the client without connecting; `on_request` hears of each request, by its name. Raises
        InvalidKafkaConfig.
        """
        self._admin = KafkaAdmin(client_config, timeout=timeout, on_request=on_request)
        self._timeout = timeout

    def names(self) -> tuple[str, ...] | Failure:
        """Return the names of all topics that this user may describe, without those of Kafka itself."""
        names = self._admin.topic_names()
        return names if isinstance(names, Failure) else tuple(sorted(names - KAFKA_OWN_TOPICS))

    def observe(self, topics: Iterable[str]) -> dict[str, ObservedTopic | Failure]:
        """Return what each topic is like; absent topics are left out. Never raises for what Kafka says."""
        names = sorted(set(topics))
        if not names:
            return {}
        found: dict[str, ObservedTopic | Failure] = {}
        described: dict[str, Any] = {}
        for name, description in self._admin.ask(
            "describe_topics",
            lambda client: client.describe_topics(TopicCollection(names), request_timeout=self._timeout),
            names,
        ):
            if not isinstance(description, Failure):
                described[name] = description
            elif description.reason != "TopicNotFound":
                found[name] = description
        configs = self._configs(sorted(described))
        for name, description in described.items():
            entries = configs.get(name)
            if isinstance(entries, Failure):
                if entries.reason != "TopicNotFound":
                    found[name] = entries
            elif entries is not None:
                found[name] = _observed(description, entries)
        return found

    def carry_out(self, actions: Iterable[TopicAction]) -> Iterator[tuple[TopicAction, Failure | None]]:
        """Do the actions, those of a kind together; yield each with None, or why it failed.

        Ends when what was done can be seen, so that who observes next does not find the state of before.
        """
        done: list[TopicAction] = []
        for action, failure in self._send(list(actions)):
            if failure is None:
                done.append(action)
            yield action, failure
        self._wait_until_visible(done)

    def delete(self, topics: Iterable[str]) -> dict[str, Failure | None]:
        """Delete topics with all their records; a topic that is not there is as good as deleted.

        Ends when they can be seen no more, so that who observes next does not take them for there.
        No plan ever asks for this: only who removes a resource whose deletionPolicy says so.
        """
        names = sorted(set(topics))
        if not names:
            return {}
        answers = self._admin.ask(
            "delete_topics",
            lambda client: client.delete_topics(names, request_timeout=self._timeout, operation_timeout=self._timeout),
            names,
        )
        outcomes = {
            name: answer if isinstance(answer, Failure) and answer.reason != "TopicNotFound" else None
            for name, answer in answers
        }
        self._wait_until_gone([name for name, failure in outcomes.items() if failure is None])
        return outcomes

    def _send(self, actions: Sequence[TopicAction]) -> Iterator[tuple[TopicAction, Failure | None]]:
        for creations in _batches([each for each in actions if isinstance(each, CreateTopic)]):
            yield from self._do(
                "create_topics",
                creations,
                lambda client, batch: client.create_topics(
                    [_new_topic(each) for each in batch], request_timeout=self._timeout, operation_timeout=self._timeout
                ),
            )
        for growths in _batches([each for each in actions if isinstance(each, AddPartitions)]):
            yield from self._do(
                "create_partitions",
                growths,
                lambda client, batch: client.create_partitions(
                    [NewPartitions(each.topic, each.after) for each in batch],
                    request_timeout=self._timeout,
                    operation_timeout=self._timeout,
                ),
            )
        alterations = [each for each in actions if isinstance(each, AlterConfig)]
        if alterations:
            yield from self._do(
                "alter_configs",
                alterations,
                lambda client, batch: {
                    resource.name: future
                    for resource, future in client.incremental_alter_configs(
                        [_config_resource(each) for each in batch], request_timeout=self._timeout
                    ).items()
                },
            )

    def _wait_until_visible(self, done: Sequence[TopicAction]) -> None:
        # The controller has said yes, but brokers answer from their own copy of the metadata, which follows shortly.
        deadline = time.monotonic() + _VISIBLE_WITHIN_S
        waiting = list(done)
        while waiting and time.monotonic() < deadline:
            found = self.observe(each.topic for each in waiting)
            waiting = [each for each in waiting if not _is_visible(each, found.get(each.topic))]
            if waiting:
                time.sleep(0.02)

    def _wait_until_gone(self, names: Sequence[str]) -> None:
        deadline = time.monotonic() + _VISIBLE_WITHIN_S
        while names and time.monotonic() < deadline:
            found = self.observe(names)
            names = [name for name in names if isinstance(found.get(name), ObservedTopic)]
            if names:
                time.sleep(0.02)

    def _configs(self, names: Sequence[str]) -> dict[str, Any | Failure]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        return dict(
            self._admin.ask(
                "describe_configs",
                lambda client: {
                    resource.name: future
                    for resource, future in client.describe_configs(resources, request_timeout=self._timeout).items()
                },
                names,
            )
        )

    def _do(
        self, name: str, batch: Sequence[_T], call: Callable[[AdminClient, Sequence[_T]], Mapping[str, "Future[Any]"]]
    ) -> Iterator[tuple[_T, Failure | None]]:
        by_name = {each.topic: each for each in batch}  # type: ignore[attr-defined]
        for topic, answer in self._admin.ask(name, lambda client: call(client, batch), list(by_name)):
            yield by_name[topic], answer if isinstance(answer, Failure) else None


def _observed(description: Any, entries: Mapping[str, Any]) -> ObservedTopic:
    own = {name for name, entry in entries.items() if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
    return ObservedTopic(
        partitions=len(description.partitions),
        # While a reassignment runs the partitions differ: report the least that any of them has.
        replicas=min(len(partition.replicas) for partition in description.partitions),
        config={name: entry.value for name, entry in entries.items() if name in own},
        defaults={name: entry.value for name, entry in entries.items() if name not in own and entry.value is not None},
        topic_id=str(description.topic_id),
    )


def _is_visible(action: TopicAction, topic: ObservedTopic | Failure | None) -> bool:
    if topic is None:
        return False
    if isinstance(topic, Failure):
        return not topic.transient  # who may not look need not wait
    match action:
        case CreateTopic():
            return topic.partitions == action.partitions
        case AddPartitions():
            return topic.partitions >= action.after
        case AlterConfig():
            return all(_is_in_force(change, topic.config.get(change.key)) for change in action.changes)


def _is_in_force(change: ConfigChange, value: str | None) -> bool:
    if change.after is None or value is None:
        return change.after == value
    return same_config_value(change.after, value)


def _batches(actions: Sequence[Any]) -> Iterator[Sequence[Any]]:
    batch: list[Any] = []
    partitions = 0
    for action in actions:
        grows_by = action.partitions if isinstance(action, CreateTopic) else action.after - action.before
        if batch and partitions + grows_by > _PARTITIONS_PER_REQUEST:
            yield batch
            batch, partitions = [], 0
        batch.append(action)
        partitions += grows_by
    if batch:
        yield batch


def _new_topic(action: CreateTopic) -> NewTopic:
    # -1 leaves the number of replicas to the broker (KIP-464).
    replicas = -1 if action.replicas is None else action.replicas
    return NewTopic(action.topic, action.partitions, replicas, config=dict(action.config))


def _config_resource(action: AlterConfig) -> ConfigResource:
    return ConfigResource(
        ResourceType.TOPIC, action.topic, incremental_configs=[_config_entry(change) for change in action.changes]
    )


def _config_entry(change: ConfigChange) -> ConfigEntry:
    operation = AlterConfigOpType.DELETE if change.after is None else AlterConfigOpType.SET
    return ConfigEntry(change.key, change.after, incremental_operation=operation)
