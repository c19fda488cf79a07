"""One Kafka cluster's admin requests, as the topics' side needs them: counted, bounded, each refusal a Failure."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from event_topics.failures import Failure
from event_topics.kafka_failures import failure_of, missing_right

# A client whose broker is away logs ten lines a second; what they say is in the failures already.
_logger = logging.getLogger("event_topics.librdkafka")
_logger.setLevel(logging.CRITICAL + 1)

# The operation that each request's ACL must allow on the topic (kafka.server.KafkaApis, ControllerApis).
_RIGHTS = {
    "describe_topics": "Describe",
    "describe_configs": "DescribeConfigs",
    "create_topics": "Create",
    "create_partitions": "Alter",
    "alter_configs": "AlterConfigs",
    "delete_topics": "Delete",
}


class InvalidKafkaConfig(ValueError):
    """The client properties are not ones that a Kafka client can start with; the message says which."""


class KafkaAdmin:
    """`timeout` in seconds is what each request must be given; `on_request` hears of each, by its name."""

    def __init__(self, client_config: Mapping[str, str], *, timeout: float, on_request: Callable[[str], None]) -> None:
        """Start without connecting. Raises InvalidKafkaConfig."""
        self.timeout = timeout
        self._on_request = on_request
        self._bootstrap = client_config.get("bootstrap.servers", "")
        self._errors: deque[KafkaError] = deque(maxlen=1)
        try:
            callbacks: dict[str, Any] = {"error_cb": self._on_error, "logger": _logger}
            self._client = AdminClient({**client_config, **callbacks})
        except (KafkaException, ValueError, TypeError) as error:
            detail = error.args[0].str() if isinstance(error, KafkaException) else error
            raise InvalidKafkaConfig(f"Kafka's client refuses its properties: {detail}.") from error

    def topic_names(self) -> frozenset[str] | Failure:
        """Return the names of all topics that this user may describe."""
        self._begin("list_topics")
        try:
            return frozenset(self._client.list_topics(timeout=self.timeout).topics)
        except KafkaException as error:
            return self._failure(error.args[0])

    def ask(
        self, request: str, call: Callable[[AdminClient], Mapping[str, "Future[Any]"]], names: Sequence[str]
    ) -> Iterator[tuple[str, Any | Failure]]:
        """Make one request for many topics; yield the answer to each, or why there is none."""
        self._begin(request)
        try:
            futures = call(self._client)
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
        self._client.poll(0)
        self._errors.clear()  # what was wrong with an earlier request

    def _failure(self, error: KafkaError) -> Failure:
        failure = failure_of(error)
        if not failure.transient:
            return failure
        self._client.poll(0)  # librdkafka hands the connection's own error out here: it says more than "timed out"
        cause = self._errors[-1] if self._errors else error
        words = cause.str().rstrip(".")
        if cause.code() == KafkaError._AUTHENTICATION:
            return Failure("KafkaUnauthenticated", f"Kafka at {self._bootstrap} refuses the user: {words}.")
        return replace(
            failure, message=f"Kafka at {self._bootstrap} did not answer within {self.timeout:g} s: {words}."
        )

    def _on_error(self, error: KafkaError) -> None:
        # "All brokers are down" follows the error that says why: keep the why.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._errors.append(error)
