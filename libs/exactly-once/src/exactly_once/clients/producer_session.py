"""The transactional producers of one replica, one after the other: claiming the transactional id, rebuilding."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException

from exactly_once.clients.authorization import check_credentials
from exactly_once.clients.transactional_producer import CALL_TIMEOUT, TransactionalProducer
from exactly_once.config import WorkerConfig
from exactly_once.core.producer_failures import ProducerFailures
from exactly_once.core.reasons import RebuildCause, RebuildReason, WaitReason, kafka_error_name
from exactly_once.core.rejected_credentials import RejectedCredentials
from exactly_once.core.signals import ProducerLost, StopRequested
from exactly_once.observer import Observer
from exactly_once.stop_flag import StopFlag

MISSING_TOPIC = (
    RebuildReason.COMMIT_TIMED_OUT,
    kafka_error_name("_UNKNOWN_TOPIC"),
    kafka_error_name("UNKNOWN_TOPIC_OR_PART"),
)
"""Losses that a missing topic causes: records wait for it until their time is up, or fail once it is known to miss."""


class ProducerSession:
    """Owns the current ``producer``.

    ``config`` returns what a new one is made with; one that was made with another is replaced between two transactions.
    ``on_wait`` is called with the reason why a claim takes long, every second; ``credentials_error`` returns the text
    with which the credentials of the replica's other client were rejected, None while they were not.
    """

    def __init__(
        self,
        config: Callable[[], WorkerConfig],
        observer: Observer,
        stopping: StopFlag,
        *,
        on_wait: Callable[[str], None],
        credentials_error: Callable[[], str | None],
    ) -> None:
        self._config = config
        self._made_with = config()
        self.rejections = RejectedCredentials()
        self.producer = self._new()
        self._observer = observer
        self._stopping = stopping
        self._on_wait = on_wait
        self._credentials_error = credentials_error
        # What is read and written, as far as it is known.
        made_with = self._made_with
        self._topics = {*made_with.input_topics, *made_with.output_topics}
        if made_with.dead_letter_topic is not None:
            self._topics.add(made_with.dead_letter_topic)
        self._connected_once = False
        self._failures = ProducerFailures(made_with.max_rebuilds, made_with.transactional_id)

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
            if self._is_outdated:
                self._replace(RebuildReason.RECONNECTED)
                claimed = False
            self.producer.serve()
            for rejected in (self.producer.callbacks.credentials_error, self._credentials_error()):
                check_credentials(rejected, worked=self._connected_once)
            try:
                claimed = claimed or self.producer.initialize()
            except ProducerLost as lost:
                self._replace_failed(lost.cause, claimed=claimed)
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
        lost.release()  # a claim that takes long fails again and again
        if lost.cause in MISSING_TOPIC:
            # Most often a topic does not exist: name it, rather than fail again and again.
            self._topics |= self.producer.topics
        self._replace_failed(lost.cause, claimed=True)
        self.claim()

    def renew_if_suspect(self) -> None:
        """Replace a producer that is not to run another transaction: a precaution, which may be repeated for ever.

        Or because the configuration is another one. Raises as ``claim`` does.
        """
        reason = RebuildReason.RECONNECTED if self._is_outdated else self.producer.renewal_reason()
        if reason is not None:
            self._replace(reason)
            self.claim()

    def configured(self) -> None:
        """The configuration is another one: free what waits only because of its password. From any thread."""
        properties = self._config().producer_properties()
        user, password = properties.get("sasl.username"), properties.get("sasl.password")
        if user and password:
            self.producer.use_password(str(user), str(password))

    def close(self) -> None:
        """Drop the current producer without waiting."""
        self.producer.close()

    def _replace_failed(self, cause: RebuildCause, *, claimed: bool) -> None:
        """Replace a producer that failed, after a wait unless it is the first one in a row."""
        delay = self._failures.add(cause, time.monotonic(), claimed=claimed)
        deadline = time.monotonic() + delay
        while (left := deadline - time.monotonic()) > 0 and not self._stopping.is_set():
            self._on_wait(cause)
            self._stopping.wait(min(CALL_TIMEOUT, left))
        self._replace(cause)

    def _replace(self, cause: RebuildCause) -> None:
        self._observer.producer_rebuilt(cause)
        self.producer.close()
        self.producer = self._new()

    def _new(self) -> TransactionalProducer:
        config = self._config()
        if config is not self._made_with:  # those of other credentials say nothing about these
            self._made_with, self.rejections = config, RejectedCredentials()
        return TransactionalProducer(config, self.rejections)

    @property
    def _is_outdated(self) -> bool:
        return self._config() is not self._made_with

    def _why_not_ready(self) -> str | None:
        """A topic that is written and does not exist would cost a transaction's whole time, again and again."""
        try:
            # A worker that has started goes on with the input topics that there are.
            needed = self._topics - set(self._made_with.input_topics) if self._connected_once else self._topics
            missing = self.producer.missing_topics(sorted(needed))
        except KafkaException:
            return WaitReason.METADATA
        return WaitReason.TOPIC_MISSING.format(topic=missing[0]) if missing else None
