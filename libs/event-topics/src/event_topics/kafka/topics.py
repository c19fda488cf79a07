"""The Kafka adapter: observes topics and applies the topic half of a plan, in as few requests as possible."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewPartitions, ResourceType

from event_topics.kafka.admin import KafkaAdmin
from event_topics.kafka.requests import batches, config_resource, new_topic
from event_topics.model.failures import Failure
from event_topics.model.planning import same_config_value
from event_topics.model.reasons import FailureReason
from event_topics.model.resource import KAFKA_OWN_TOPICS
from event_topics.model.state import ObservedTopic
from event_topics.model.steps import AddPartitions, AlterConfig, ConfigChange, CreateTopic, TopicAction

_T = TypeVar("_T")

_VISIBILITY_TIMEOUT = 3.0  # seconds
# The client keeps more than 10 KB for each until the last of a response is read.
_CONFIGS_A_REQUEST = 500


class KafkaTopics:
    """An admin client. `timeout` in seconds bounds each request; nothing here waits longer than that."""

    def __init__(
        self,
        client_config: Mapping[str, str],
        *,
        timeout: float = 10.0,
        on_request: Callable[[str], None] = lambda call: None,  # noqa: ARG005
    ) -> None:
        """Start the client without connecting; `on_request` is called with each request's name.

        Raises InvalidKafkaConfigError.
        """
        self._admin = KafkaAdmin(client_config, timeout=timeout, on_request=on_request)
        self._timeout = timeout

    def reconnect(self, client_config: Mapping[str, str]) -> None:
        """Go on with a client that has these properties, as after a rotation of credentials; from any thread.

        Raises InvalidKafkaConfigError.
        """
        self._admin.reconnect(client_config)

    def names(self) -> tuple[str, ...] | Failure:
        """Return the names of all topics that this user may describe, without those of Kafka itself."""
        names = self._admin.topic_names()
        return names if isinstance(names, Failure) else tuple(sorted(names - KAFKA_OWN_TOPICS))

    def observe(
        self, topics: Iterable[str], *, known: Mapping[str, ObservedTopic] = MappingProxyType({})
    ) -> dict[str, ObservedTopic | Failure]:
        """Return the state of each topic; absent topics are left out. An error of Kafka is a Failure, never raised.

        The configuration of a topic that is `known` is taken from there, if it is still the same topic: to read it
        costs fifty times as much as all else.
        """
        names = sorted(set(topics))
        if not names:
            return {}
        found: dict[str, ObservedTopic | Failure] = {}
        described: dict[str, Any] = {}
        for name, description in self._admin.request(
            "describe_topics",
            lambda client: client.describe_topics(TopicCollection(names), request_timeout=self._timeout),
            names,
        ):
            if not isinstance(description, Failure):
                described[name] = description
            elif description.reason is not FailureReason.TOPIC_NOT_FOUND:
                found[name] = description
        for name, former in known.items():
            if name in described and str(described[name].topic_id) == former.topic_id:
                found[name] = _observed(described.pop(name), former)
        configs = self._configs(sorted(described))
        for name, description in described.items():
            entries = configs.get(name)
            if isinstance(entries, Failure):
                if entries.reason is not FailureReason.TOPIC_NOT_FOUND:
                    found[name] = entries
            elif entries is not None:
                found[name] = _observed(description, entries)
        return found

    def apply(self, actions: Iterable[TopicAction]) -> Iterator[tuple[TopicAction, Failure | None]]:
        """Apply the actions, those of a kind together; yield each with None, or why it failed.

        Ends when the changes are visible, so that the next observation does not return the former state.
        """
        done: list[TopicAction] = []
        for action, failure in self._send(list(actions)):
            if failure is None:
                done.append(action)
            yield action, failure
        self._wait_until_visible(done)

    def delete(self, topics: Iterable[str]) -> dict[str, Failure | None]:
        """Delete topics with all their records; an absent topic counts as deleted.

        Ends when they are no longer visible, so that the next observation does not return them. No plan ever contains
        this: it is for the removal of a resource whose deletionPolicy is Delete.
        """
        names = sorted(set(topics))
        if not names:
            return {}
        responses = self._admin.request(
            "delete_topics",
            lambda client: client.delete_topics(names, request_timeout=self._timeout, operation_timeout=self._timeout),
            names,
        )
        outcomes = {
            name: response
            if isinstance(response, Failure) and response.reason is not FailureReason.TOPIC_NOT_FOUND
            else None
            for name, response in responses
        }
        self._wait_until_gone([name for name, failure in outcomes.items() if failure is None])
        return outcomes

    def _send(self, actions: Sequence[TopicAction]) -> Iterator[tuple[TopicAction, Failure | None]]:
        for creations in batches([each for each in actions if isinstance(each, CreateTopic)]):
            yield from self._do(
                "create_topics",
                creations,
                lambda client, batch: client.create_topics(
                    [new_topic(each) for each in batch], request_timeout=self._timeout, operation_timeout=self._timeout
                ),
            )
        for growths in batches([each for each in actions if isinstance(each, AddPartitions)]):
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
                        [config_resource(each) for each in batch], request_timeout=self._timeout
                    ).items()
                },
            )

    def _wait_until_visible(self, done: Sequence[TopicAction]) -> None:
        # The controller has accepted, but brokers respond from their own copy of the metadata, which follows shortly.
        deadline = time.monotonic() + _VISIBILITY_TIMEOUT
        waiting = list(done)
        while waiting and time.monotonic() < deadline:
            found = self.observe(each.topic for each in waiting)
            waiting = [each for each in waiting if not _is_visible(each, found.get(each.topic))]
            if waiting:
                time.sleep(0.02)

    def _wait_until_gone(self, names: Sequence[str]) -> None:
        deadline = time.monotonic() + _VISIBILITY_TIMEOUT
        while names and time.monotonic() < deadline:
            found = self.observe(names)
            names = [name for name in names if isinstance(found.get(name), ObservedTopic)]
            if names:
                time.sleep(0.02)

    def _configs(self, names: Sequence[str]) -> dict[str, ObservedTopic | Failure]:
        found: dict[str, ObservedTopic | Failure] = {}
        for first in range(0, len(names), _CONFIGS_A_REQUEST):
            some = names[first : first + _CONFIGS_A_REQUEST]
            resources = [ConfigResource(ResourceType.TOPIC, name) for name in some]
            responses = self._admin.request(
                "describe_configs",
                lambda client: {
                    resource.name: future
                    for resource, future in client.describe_configs(resources, request_timeout=self._timeout).items()  # noqa: B023
                },
                some,
            )
            found |= {name: each if isinstance(each, Failure) else _configured(each) for name, each in responses}
        return found

    def _do(
        self, name: str, batch: Sequence[_T], call: Callable[[AdminClient, Sequence[_T]], Mapping[str, "Future[Any]"]]
    ) -> Iterator[tuple[_T, Failure | None]]:
        by_name = {each.topic: each for each in batch}  # type: ignore[attr-defined]
        for topic, response in self._admin.request(name, lambda client: call(client, batch), list(by_name)):
            yield by_name[topic], response if isinstance(response, Failure) else None


def _observed(description: Any, former: ObservedTopic) -> ObservedTopic:
    """Return the topic as described, with the configuration of a former observation."""
    return replace(
        former,
        partitions=len(description.partitions),
        # While a reassignment runs the partitions differ: report the minimum.
        replicas=min(len(partition.replicas) for partition in description.partitions),
        topic_id=str(description.topic_id),
    )


def _configured(entries: Mapping[str, Any]) -> ObservedTopic:
    """Return the configuration alone."""
    own = {name for name, entry in entries.items() if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
    return ObservedTopic(
        partitions=0,
        replicas=0,
        config={name: entry.value for name, entry in entries.items() if name in own},
        defaults={name: entry.value for name, entry in entries.items() if name not in own and entry.value is not None},
    )


def _is_visible(action: TopicAction, topic: ObservedTopic | Failure | None) -> bool:
    if topic is None:
        return False
    if isinstance(topic, Failure):
        return not topic.transient  # without the right to describe it, waiting is pointless
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
