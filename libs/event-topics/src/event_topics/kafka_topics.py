"""The Kafka side: what topics are like now, and the topic half of a plan, in as few requests as Kafka takes."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
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
from event_topics.kafka_failures import failure_of, missing_right
from event_topics.plan import AddPartitions, AlterConfig, ConfigChange, CreateTopic, TopicAction, same_config_value
from event_topics.resource import KAFKA_OWN_TOPICS
from event_topics.state import ObservedTopic

# A client whose broker is away logs ten lines a second; what they say is in the failures already.
_logger = logging.getLogger("event_topics.librdkafka")
_logger.setLevel(logging.CRITICAL + 1)

_T = TypeVar("_T")

# KRaft writes one request's topics in one batch of at most 10,000 records, of which each partition is one
# (QuorumController.MAX_RECORDS_PER_USER_OP); smaller batches also keep one request within its time-out.
_PARTITIONS_PER_REQUEST = 2_000
# The operation that each request's ACL must allow on the topic (kafka.server.KafkaApis, ControllerApis).
_RIGHTS = {
    "describe_topics": "Describe",
    "describe_configs": "DescribeConfigs",
    "create_topics": "Create",
    "create_partitions": "Alter",
    "alter_configs": "AlterConfigs",
    "delete_topics": "Delete",
}
_VISIBLE_WITHIN_S = 3.0


class InvalidKafkaConfig(ValueError):
    """The client properties are not ones that a Kafka client can start with; the message says which."""


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
        self._timeout = timeout
        self._on_request = on_request
        self._bootstrap = client_config.get("bootstrap.servers", "")
        self._errors: deque[KafkaError] = deque(maxlen=1)
        try:
            callbacks: dict[str, Any] = {"error_cb": self._on_error, "logger": _logger}
            self._admin = AdminClient({**client_config, **callbacks})
        except (KafkaException, ValueError, TypeError) as error:
            detail = error.args[0].str() if isinstance(error, KafkaException) else error
            raise InvalidKafkaConfig(f"Kafka's client refuses its properties: {detail}.") from error

    def names(self) -> tuple[str, ...] | Failure:
        """Return the names of all topics that this user may describe, without those of Kafka itself."""
        self._begin("list_topics")
        try:
            metadata = self._admin.list_topics(timeout=self._timeout)
        except KafkaException as error:
            return self._failure(error.args[0])
        return tuple(sorted(metadata.topics.keys() - KAFKA_OWN_TOPICS))

    def observe(self, topics: Iterable[str]) -> dict[str, ObservedTopic | Failure]:
        """Return what each topic is like; absent topics are left out. Never raises for what Kafka says."""
        names = sorted(set(topics))
        if not names:
            return {}
        found: dict[str, ObservedTopic | Failure] = {}
        described: dict[str, Any] = {}
        for name, description in self._ask(
            "describe_topics",
            lambda: self._admin.describe_topics(TopicCollection(names), request_timeout=self._timeout),
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

        No plan ever asks for this: only who removes a resource whose deletionPolicy says so.
        """
        names = sorted(set(topics))
        if not names:
            return {}
        answers = self._ask(
            "delete_topics",
            lambda: self._admin.delete_topics(names, request_timeout=self._timeout, operation_timeout=self._timeout),
            names,
        )
        return {
            name: answer if isinstance(answer, Failure) and answer.reason != "TopicNotFound" else None
            for name, answer in answers
        }

    def _send(self, actions: Sequence[TopicAction]) -> Iterator[tuple[TopicAction, Failure | None]]:
        for creations in _batches([each for each in actions if isinstance(each, CreateTopic)]):
            yield from self._do(
                "create_topics",
                creations,
                lambda batch: self._admin.create_topics(
                    [_new_topic(each) for each in batch], request_timeout=self._timeout, operation_timeout=self._timeout
                ),
            )
        for growths in _batches([each for each in actions if isinstance(each, AddPartitions)]):
            yield from self._do(
                "create_partitions",
                growths,
                lambda batch: self._admin.create_partitions(
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
                lambda batch: {
                    resource.name: future
                    for resource, future in self._admin.incremental_alter_configs(
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

    def _configs(self, names: Sequence[str]) -> dict[str, Any | Failure]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        return dict(
            self._ask(
                "describe_configs",
                lambda: {
                    resource.name: future
                    for resource, future in self._admin.describe_configs(
                        resources, request_timeout=self._timeout
                    ).items()
                },
                names,
            )
        )

    def _do(
        self, name: str, batch: Sequence[_T], call: Callable[[Sequence[_T]], Mapping[str, "Future[Any]"]]
    ) -> Iterator[tuple[_T, Failure | None]]:
        by_name = {each.topic: each for each in batch}  # type: ignore[attr-defined]
        for topic, answer in self._ask(name, lambda: call(batch), list(by_name)):
            yield by_name[topic], answer if isinstance(answer, Failure) else None

    def _ask(
        self, request: str, call: Callable[[], Mapping[str, "Future[Any]"]], names: Sequence[str]
    ) -> Iterator[tuple[str, Any | Failure]]:
        self._begin(request)
        try:
            futures = call()
        except KafkaException as error:
            failure = self._failure(error.args[0])
            yield from ((name, failure) for name in names)
            return
        for name, future in futures.items():
            try:
                yield name, future.result()
            except KafkaException as error:
                failure = self._failure(error.args[0])
                if failure.reason == "KafkaUnauthorized":
                    failure = missing_right(_RIGHTS[request], name)
                yield name, failure

    def _begin(self, request: str) -> None:
        self._on_request(request)
        self._admin.poll(0)
        self._errors.clear()  # what was wrong with an earlier request

    def _failure(self, error: KafkaError) -> Failure:
        failure = failure_of(error)
        if not failure.transient:
            return failure
        self._admin.poll(0)  # librdkafka hands the connection's own error out here: it says more than "timed out"
        cause = self._errors[-1] if self._errors else error
        words = cause.str().rstrip(".")
        if cause.code() == KafkaError._AUTHENTICATION:
            return Failure("KafkaUnauthenticated", f"Kafka at {self._bootstrap} refuses the user: {words}.")
        return replace(
            failure, message=f"Kafka at {self._bootstrap} did not answer within {self._timeout:g} s: {words}."
        )

    def _on_error(self, error: KafkaError) -> None:
        # "All brokers are down" follows the error that says why: keep the why.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._errors.append(error)


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
