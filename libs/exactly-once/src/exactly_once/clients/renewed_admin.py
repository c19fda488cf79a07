"""An admin client that is replaced once a request of it has failed.

librdkafka's keeps what it has learned of the cluster: where the broker that it takes for the controller, or for a
leader, dies, its requests fail for minutes, also when all brokers are well again, while a new client's succeed at once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from typing import Any, TypeAlias

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec

from exactly_once.core.client_properties import Value

Responses: TypeAlias = Mapping[Any, Future[Any]]

CLOSE_TIMEOUT = 10.0  # seconds

log = logging.getLogger(__name__)


def response_of(future: Future[Any], timeout: float | None = None) -> Any:
    """The response, once it is there; waits at most so many seconds.

    A new exception each time: one that is raised keeps the frames that it goes through, and the future of a response
    that librdkafka has dropped is never released.

    Raises:
        KafkaException: there is none.
        TimeoutError: none so far.
    """
    error = future.exception(timeout)
    if isinstance(error, KafkaException):
        raise KafkaException(error.args[0])
    return future.result()


class RenewedAdmin:
    """The client for the next request; threads share it. What one was asked for fails with its end, at the latest.

    Close it before the process ends: librdkafka hands responses over on a thread of its own, also while Python is being
    finalized, and that ends the process by SIGSEGV. Requests after it raise KafkaException.
    """

    def __init__(self, properties: Mapping[str, Value]) -> None:
        self._properties = properties
        self._mutex = Lock()
        self._client: AdminClient | None = AdminClient({**properties})
        self._number = 0
        """Of the client."""
        self._failed = -1
        """Number of the last one of which a request has failed."""
        self._pending: set[Future[Any]] = set()
        """Responses that the client owes."""
        self._ends: list[Thread] = []

    def describe_topics(self, topics: TopicCollection, timeout: float) -> Responses:
        """Begin to ask for these topics."""
        return self._request(lambda client: client.describe_topics(topics, request_timeout=timeout))

    def list_offsets(
        self,
        asked: Mapping[TopicPartition, OffsetSpec],
        timeout: float,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> Responses:
        """Begin to ask for an offset of each of these partitions."""
        return self._request(
            lambda client: client.list_offsets({**asked}, isolation_level=isolation, request_timeout=timeout)
        )

    def describe_cluster(self, timeout: float) -> Future[Any]:
        """Begin to ask for the brokers."""
        return self._request(lambda client: {None: client.describe_cluster(request_timeout=timeout)})[None]

    def describe_configs(self, resources: Iterable[ConfigResource], timeout: float) -> Responses:
        """Begin to ask for the settings of each of these."""
        return self._request(lambda client: client.describe_configs([*resources], request_timeout=timeout))

    def close(self) -> None:
        """End all requests that are under way, and all threads of clients."""
        with self._mutex:
            if self._client is not None:
                self._end_client()
        deadline = time.monotonic() + CLOSE_TIMEOUT
        for each in self._ends:
            each.join(max(0.0, deadline - time.monotonic()))
        if any(each.is_alive() for each in self._ends):
            log.error("admin_client_not_closed", extra={"seconds": CLOSE_TIMEOUT})

    def _request(self, call: Callable[[AdminClient], Responses]) -> Responses:
        with self._mutex:  # also for the call: it only begins, and nobody else has a client that is to end
            if self._client is None:
                raise KafkaException(KafkaError(KafkaError._DESTROY))
            if self._failed == self._number:
                self._end_client()
                self._client = AdminClient({**self._properties})
                self._number += 1
            futures, number = call(self._client), self._number
            self._pending = {each for each in (*self._pending, *futures.values()) if not each.done()}
        for each in futures.values():
            each.add_done_callback(partial(self._done, number))
        return futures

    def _end_client(self) -> None:
        """Its end waits for its connections: not on a thread that has other things to do."""
        arguments = ([self._client], self._pending)
        self._client, self._pending = None, set()
        end = Thread(target=_end, args=arguments, name="admin-client-end", daemon=True)
        self._ends = [*(each for each in self._ends if each.is_alive()), end]
        end.start()

    def _done(self, number: int, future: Future[Any]) -> None:
        """On a thread of the client, which must not hold it: its end would wait for itself."""
        error = future.exception()
        if isinstance(error, KafkaException) and error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            self._failed = max(number, self._failed)


def _end(clients: list[AdminClient | None], pending: Iterable[Future[Any]]) -> None:
    """End the only client, to which nobody else refers, and fail what it owes.

    librdkafka drops the responses that it has not handed over by then, and nobody would ever be told.
    """
    clients.clear()
    for each in pending:
        with suppress(InvalidStateError):
            each.set_exception(KafkaException(KafkaError(KafkaError._DESTROY)))
