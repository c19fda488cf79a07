"""The producers that hold the transactional id, one after the other: claiming it, and replacing a producer."""

import time
from collections import deque
from collections.abc import Callable

from confluent_kafka import KafkaException

from exactly_once.config import WorkerConfig
from exactly_once.errors import AuthenticationFailed, ClientFailed, Fenced
from exactly_once.observer import Observer
from exactly_once.stopping import StopFlag
from exactly_once.transactions import SLICE, ProducerLost, Transactions

REBUILD_WINDOW = 60.0


class StopRequested(Exception):
    """Unwinds the loop when a stop arrives while the transactional id is being claimed."""


class Succession:
    """Owns the current producer, ``transactions``.

    ``on_wait`` hears why a claim takes long, every ``SLICE`` seconds; ``refusal`` tells what another client of the same
    credentials was told when they were refused, None while they were not.
    """

    def __init__(
        self,
        config: WorkerConfig,
        observer: Observer,
        stopping: StopFlag,
        *,
        on_wait: Callable[[str], None],
        refusal: Callable[[], str | None],
    ) -> None:
        self.transactions = Transactions(config)
        self._config = config
        self._observer = observer
        self._stopping = stopping
        self._on_wait = on_wait
        self._refusal = refusal
        self.topics = {*config.input_topics, *config.output_topics}
        """What is read and written, as far as it is known."""
        if config.dead_letter_topic is not None:
            self.topics.add(config.dead_letter_topic)
        self._connected_once = False
        self._failures: deque[float] = deque()

    def claim(self) -> None:
        """Claim the transactional id and wait for the topics, for as long as that takes.

        Raises:
            StopRequested: a stop came first.
            AuthenticationFailed: the credentials were refused, and never worked before.
            Fenced, ClientFailed: producer after producer failed.
            NotAuthorized: an ACL is missing.
        """
        claimed = False
        while not self._stopping.is_set():
            refusal = self.transactions.refusal or self._refusal()
            if refusal and not self._connected_once:
                raise AuthenticationFailed(refusal)
            try:
                claimed = claimed or self.transactions.initialize(SLICE)
            except ProducerLost as lost:
                self._count(lost.reason)
                self._replace(lost.reason)
                continue
            problem = self._missing_topic() if claimed else "waiting for the transaction coordinator"
            if problem is None:
                self._connected_once = True
                return
            self._on_wait(problem)
            if claimed:
                self._stopping.wait(SLICE)
        raise StopRequested

    def rebuild(self, reason: str, *, failed: bool = True) -> None:
        """Replace the producer and claim the id again, which raises the epoch; raises as ``claim`` does.

        Not ``failed``: only as a precaution, which may be repeated without an end.
        """
        if failed:
            self._count(reason)
        self._replace(reason)
        self.claim()

    def _replace(self, reason: str) -> None:
        self._observer.producer_rebuilt(reason)
        self.transactions.close()
        self.transactions = Transactions(self._config)

    def _missing_topic(self) -> str | None:
        """A topic that is written and does not exist would cost a transaction's whole time, again and again."""
        try:
            missing = self.transactions.missing_topics(sorted(self.topics))
        except KafkaException:
            return "waiting for the brokers' metadata"
        # Brokers show a topic to nobody who has no right to it.
        return f"topic {missing[0]} does not exist, or no ACL lets this user see it" if missing else None

    def _count(self, reason: str) -> None:
        now = time.monotonic()
        self._failures.append(now)
        while now - self._failures[0] > REBUILD_WINDOW:
            self._failures.popleft()
        if len(self._failures) <= self._config.max_rebuilds:
            return
        if "fenced" in reason or "epoch" in reason:
            raise Fenced(
                f"fenced {len(self._failures)} times within {REBUILD_WINDOW:.0f} s: another process uses"
                f" transactional id {self._config.transactional_id}; give each replica its own"
            )
        raise ClientFailed(
            f"the producer failed {len(self._failures)} times within {REBUILD_WINDOW:.0f} s, last with {reason}"
        )
