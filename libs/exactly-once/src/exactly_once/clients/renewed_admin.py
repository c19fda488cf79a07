"""An admin client that is replaced once a request of it has failed.

librdkafka's keeps what it has learned of the cluster: where the broker that it takes for the controller, or for a
leader, dies, its requests fail for minutes, also when all brokers are well again, while a new client's succeed at once.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from threading import Lock, Thread
from typing import Any

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from exactly_once.core.client_properties import Value


class RenewedAdmin:
    """The client for the next request; threads share it. What an earlier one was asked for fails with its end."""

    def __init__(self, properties: Mapping[str, Value]) -> None:
        self._properties = properties
        self._mutex = Lock()
        self._client = AdminClient({**properties})
        self._number = 0
        """Of the client."""
        self._failed = -1
        """Number of the last one of which a request has failed."""

    def describe_topics(self, topics: TopicCollection, timeout: float) -> Mapping[str, Future[Any]]:
        """Begin to ask for these topics."""
        client, number = self._current()
        return self._watched(client.describe_topics(topics, request_timeout=timeout), number)

    def list_offsets(
        self,
        asked: Mapping[TopicPartition, OffsetSpec],
        timeout: float,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> Mapping[TopicPartition, Future[Any]]:
        """Begin to ask for an offset of each of these partitions."""
        client, number = self._current()
        found = client.list_offsets({**asked}, isolation_level=isolation, request_timeout=timeout)
        return self._watched(found, number)

    def _current(self) -> tuple[AdminClient, int]:
        with self._mutex:
            if self._failed == self._number:
                # Its end waits for its connections: not on a thread that has other things to do.
                Thread(target=_end, args=[self._client], name="admin-client-end", daemon=True).start()
                self._client = AdminClient({**self._properties})
                self._number += 1
            return self._client, self._number

    def _watched(self, futures: Mapping[Any, Future[Any]], number: int) -> Mapping[Any, Future[Any]]:
        for each in futures.values():
            each.add_done_callback(partial(self._done, number))
        return futures

    def _done(self, number: int, future: Future[Any]) -> None:
        """On a thread of the client, which must not hold it: its end would wait for itself."""
        error = future.exception()
        if isinstance(error, KafkaException) and error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            self._failed = max(number, self._failed)


def _end(client: AdminClient) -> None:
    """The thread has the last reference to it."""
    del client
