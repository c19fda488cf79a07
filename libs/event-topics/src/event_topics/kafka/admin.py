"""Admin requests to one Kafka cluster: counted, bounded in time, each error a Failure.

One topic on which Kafka fails is no outage: that is one where all topics of a request fail and, if it is but one, a
request about no topic as well.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from event_topics.kafka.errors import failure_of, missing_acl
from event_topics.model.failures import Failure
from event_topics.model.reasons import FailureReason

# A client whose broker is unavailable logs ten lines a second; the failures have the same information.
_logger = logging.getLogger("event_topics.librdkafka")
_logger.setLevel(logging.CRITICAL + 1)

# The operation that each request's ACL must allow on the topic (kafka.server.KafkaApis, ControllerApis).
_ACL_OPERATIONS = {
    "describe_topics": "Describe",
    "describe_configs": "DescribeConfigs",
    "create_topics": "Create",
    "create_partitions": "Alter",
    "alter_configs": "AlterConfigs",
    "delete_topics": "Delete",
}

_PROBE_TIMEOUT = 5.0  # seconds


class InvalidKafkaConfigError(ValueError):
    """The client properties are not ones that a Kafka client can start with; the message says which."""


class KafkaAdmin:
    """`timeout` in seconds is passed to each request; `on_request` is called with each request's name."""

    def __init__(self, client_config: Mapping[str, str], *, timeout: float, on_request: Callable[[str], None]) -> None:
        """Start without connecting. Raises InvalidKafkaConfigError."""
        self.timeout = timeout
        self._on_request = on_request
        self._errors: deque[KafkaError] = deque(maxlen=1)
        self._is_suspect = False
        self.reconnect(client_config)

    def reconnect(self, client_config: Mapping[str, str]) -> None:
        """Go on with a client that has these properties; requests that are under way end with the one before.

        From any thread. Raises InvalidKafkaConfigError; nothing has changed then.
        """
        try:
            callbacks: dict[str, Any] = {"error_cb": self._on_error, "logger": _logger}
            client = AdminClient({**client_config, **callbacks})
        except (KafkaException, ValueError, TypeError) as error:
            detail = error.args[0].str() if isinstance(error, KafkaException) else error
            raise InvalidKafkaConfigError(f"The properties of Kafka's client are invalid: {detail}.") from error
        self._client, self._config, self._is_suspect = client, client_config, False

    def topic_names(self) -> frozenset[str] | Failure:
        """Return the names of all topics that this user may describe."""
        self._begin("list_topics")
        try:
            return frozenset(self._client.list_topics(timeout=self.timeout).topics)
        except KafkaException as error:
            return self._failure(error.args[0])

    def request(
        self, name: str, call: Callable[[AdminClient], Mapping[str, "Future[Any]"]], topics: Sequence[str]
    ) -> Iterator[tuple[str, Any | Failure]]:
        """Make one request for many topics; yield the response for each, or why there is none."""
        self._begin(name)
        client = self._client  # held until its responses are there: with a client that is destroyed they never come
        try:
            futures = call(client)
        except KafkaException as error:
            failure = self._failure(error.args[0])
            yield from ((topic, failure) for topic in topics)
            return
        responses: dict[str, Any | Failure] = {}
        for topic, future in futures.items():
            try:
                responses[topic] = future.result()
            except KafkaException as error:
                failure = self._failure(error.args[0])
                if failure.reason is FailureReason.KAFKA_UNAUTHORIZED:
                    failure = missing_acl(_ACL_OPERATIONS[name], topic)
                responses[topic] = failure
        yield from self._outage_or_own(responses).items()

    def _outage_or_own(self, responses: dict[str, Any | Failure]) -> dict[str, Any | Failure]:
        """Return the responses; where Kafka fails on some topics while it serves, their failures are their own."""
        failed = {name: each for name, each in responses.items() if isinstance(each, Failure) and each.transient}
        if failed and (len(failed) < len(responses) or (len(failed) == 1 and self._serves())):
            return responses | {name: replace(each, reason=FailureReason.TOPIC_FAILED) for name, each in failed.items()}
        return responses

    def _serves(self) -> bool:
        """Return whether Kafka responds to a request about no topic."""
        self._on_request("describe_cluster")
        client = self._client  # held, as for any request
        try:
            client.describe_cluster(request_timeout=min(self.timeout, _PROBE_TIMEOUT)).result()
        except KafkaException as error:
            return not failure_of(error.args[0]).transient
        return True

    def _begin(self, request: str) -> None:
        self._on_request(request)
        if self._is_suspect:
            # librdkafka's client keeps to what it has learned of the cluster: when the broker that it takes for the
            # controller dies, its requests fail for minutes, while those of a new one succeed at once.
            self.reconnect(self._config)
        self._client.poll(0)
        self._errors.clear()  # those of an earlier request

    def _failure(self, error: KafkaError) -> Failure:
        failure = failure_of(error)
        if not failure.transient:
            return failure
        self._is_suspect = True
        self._client.poll(0)  # delivers the connection's own error, which says more than "timed out"
        cause = self._errors[-1] if self._errors else error
        words, bootstrap = cause.str().rstrip("."), self._config.get("bootstrap.servers", "")
        if cause.code() == KafkaError._AUTHENTICATION:
            return Failure(
                FailureReason.KAFKA_UNAUTHENTICATED,
                f"Kafka at {bootstrap} rejects the credentials: {words}.",
            )
        return replace(failure, message=f"Kafka at {bootstrap} did not respond within {self.timeout:g} s: {words}.")

    def _on_error(self, error: KafkaError) -> None:
        # "All brokers are down" follows the error that says why: keep that one.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._errors.append(error)
