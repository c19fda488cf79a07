"""The transactional producers of one replica, one after the other: claiming the transactional id, rebuilding."""

import time
from collections import deque
from collections.abc import Callable

from confluent_kafka import KafkaException

from exactly_once.clients.transactional_producer import CALL_TIMEOUT, TransactionalProducer
from exactly_once.config import WorkerConfig
from exactly_once.core.error_reactions import is_fencing
from exactly_once.core.reasons import RebuildCause, RebuildReason, WaitReason
from exactly_once.core.signals import ProducerLost, StopRequested
from exactly_once.errors import AuthenticationError, FatalClientError, FencedError
from exactly_once.observer import Observer
from exactly_once.stop_flag import StopFlag

REBUILD_WINDOW = 60.0  # seconds


class ProducerSession:
    """Owns the current ``producer``.

    ``on_wait`` is called with the reason why a claim takes long, every second; ``credentials_error`` returns the text
    with which the credentials of the replica's other client were rejected, None while they were not.
    """

    def __init__(
        self,
        config: WorkerConfig,
        observer: Observer,
        stopping: StopFlag,
        *,
        on_wait: Callable[[str], None],
        credentials_error: Callable[[], str | None],
    ) -> None:
        self.producer = TransactionalProducer(config)
        self._config = config
        self._observer = observer
        self._stopping = stopping
        self._on_wait = on_wait
        self._credentials_error = credentials_error
        # What is read and written, as far as it is known.
        self._topics = {*config.input_topics, *config.output_topics}
        if config.dead_letter_topic is not None:
            self._topics.add(config.dead_letter_topic)
        self._connected_once = False
        self._failures: deque[float] = deque()

    def claim(self) -> None:
        """Claim the transactional id and wait for the topics, for as long as that takes.

        Raises:
            StopRequested: a stop came first.
            AuthenticationError: the credentials were rejected, and never worked before.
            FencedError, FatalClientError: producer after producer failed.
            AuthorizationError: an ACL is missing.
        """
        claimed = False
        while not self._stopping.is_set():
            rejected = self.producer.credentials_error or self._credentials_error()
            if rejected and not self._connected_once:
                raise AuthenticationError(rejected)
            try:
                claimed = claimed or self.producer.initialize()
            except ProducerLost as lost:
                self._count(lost.cause)
                self._replace(lost.cause)
                continue
            reason = self._why_not_ready() if claimed else WaitReason.COORDINATOR
            if reason is None:
                self._connected_once = True
                return
            self._on_wait(reason)
            if claimed:
                self._stopping.wait(CALL_TIMEOUT)
        raise StopRequested

    def rebuild(self, lost: ProducerLost) -> None:
        """Replace a producer that failed and claim the id again, which raises the epoch; raises as ``claim`` does.

        After a commit of unknown outcome the brokers have settled it when this returns.
        """
        self._count(lost.cause)
        if lost.outcome_unknown:
            # The commonest cause is a topic that does not exist: name it, rather than time out again and again.
            self._topics |= self.producer.topics
        self._replace(lost.cause)
        self.claim()

    def renew_if_suspect(self) -> None:
        """Replace a producer whose last request may still be under way: a precaution, which may be repeated for ever.

        Raises as ``claim`` does.
        """
        if self.producer.suspect:
            self._replace(RebuildReason.DISCONNECTED)
            self.claim()

    def close(self) -> None:
        """Drop the current producer without waiting."""
        self.producer.close()

    def _replace(self, cause: RebuildCause) -> None:
        self._observer.producer_rebuilt(cause)
        self.producer.close()
        self.producer = TransactionalProducer(self._config)

    def _why_not_ready(self) -> str | None:
        """A topic that is written and does not exist would cost a transaction's whole time, again and again."""
        try:
            missing = self.producer.missing_topics(sorted(self._topics))
        except KafkaException:
            return WaitReason.METADATA
        return WaitReason.TOPIC_MISSING.format(topic=missing[0]) if missing else None

    def _count(self, cause: RebuildCause) -> None:
        now = time.monotonic()
        self._failures.append(now)
        while now - self._failures[0] > REBUILD_WINDOW:
            self._failures.popleft()
        if len(self._failures) <= self._config.max_rebuilds:
            return
        if is_fencing(cause):
            raise FencedError(
                f"fenced {len(self._failures)} times within {REBUILD_WINDOW:.0f} s: another process uses"
                f" transactional id {self._config.transactional_id}; give each replica its own"
            )
        raise FatalClientError(
            f"the producer failed {len(self._failures)} times within {REBUILD_WINDOW:.0f} s, last with {cause}"
        )
