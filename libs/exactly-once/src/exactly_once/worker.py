"""The loop: fetch, transform, produce, commit; and what happens when one of them fails.

One process is one consumer and one transactional producer. No transaction is open across ``fetch()``, so every
rebalance callback runs with nothing in flight, and a revoked or lost partition needs no transactional work.
"""

import time
from collections import deque
from collections.abc import Sequence
from enum import Enum
from threading import Event

from confluent_kafka import KafkaException, Message, TopicPartition

from exactly_once.batching import backoff
from exactly_once.config import WorkerConfig
from exactly_once.errors import AuthenticationFailed, ClientFailed, Fenced, Misconfigured
from exactly_once.filling import Filling
from exactly_once.observer import Observer
from exactly_once.reactions import reason_of
from exactly_once.records import Transform, Unavailable
from exactly_once.source import COMMITTED_TIMEOUT, Partition, Source
from exactly_once.transactions import SLICE, Aborted, ProducerLost, Transactions
from exactly_once.watchdog import Watchdog

REBUILD_WINDOW = 60.0


class State(Enum):
    """Where a worker is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"


class _StopRequested(Exception):
    """Unwinds the loop when a stop arrives while a producer is being replaced."""


class Worker:
    """Turns records of the input topics into output records, each exactly once.

    ``run()`` blocks until ``stop()``; call it on the main thread where signals matter.
    ``watchdog`` seconds without progress end the process: leave it off where the process is not the worker's own.
    """

    def __init__(
        self,
        config: WorkerConfig,
        transform: Transform,
        *,
        observer: Observer | None = None,
        watchdog: float | None = None,
    ) -> None:
        self.config = config
        self.state = State.STARTING
        self.reason = "connecting"
        self._observer = observer or Observer()
        self._watchdog = Watchdog(watchdog)
        self._stopping = Event()
        self._connected_once = False
        self._rebuilds: deque[float] = deque()
        self._failures = 0
        self._lag_told = 0.0
        self._filling = Filling(config, transform)
        # Made by run(): a consumer joins its group as soon as it exists.
        self._transactions: Transactions
        self._source: Source

    @property
    def progress_age(self) -> float:
        """Seconds since the loop last moved; what a liveness probe should look at."""
        return self._watchdog.age

    @property
    def unready_reason(self) -> str | None:
        """Why the worker is not processing, None when it is."""
        if self.state is not State.RUNNING:
            return self.reason
        if not self._source.joined:
            return "joining the consumer group"
        return self._source.trouble

    def stop(self) -> None:
        """Finish the batch in hand, leave the group, return from ``run()``. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until ``stop()``.

        Raises:
            WorkerError: the worker cannot go on by itself; see exactly_once.errors.
        """
        try:
            self._transactions = Transactions(self.config)
            self._source = Source(self.config, self._observer, self._stopping)
        except KafkaException as failure:
            raise Misconfigured(failure.args[0].str()) from failure
        try:
            self._initialize()
            while not self._stopping.is_set():
                self._step()
        except _StopRequested:
            pass
        finally:
            self.state = State.STOPPED
            # The group first: its members wait for us, while nobody waits for the transactional id.
            self._source.close()
            self._transactions.close()
            self._watchdog.disarm()

    def _step(self) -> None:
        self._watchdog.progress()
        try:
            in_hand: Sequence[Message] = self._source.fetch(self.config.limits.max_records, self.config.idle)
        except KafkaException as failure:
            self._replace_source()
            self._wait(reason_of(failure.args[0].name()))
            return
        if not in_hand:
            self.state = State.RUNNING
        while in_hand:
            taken = self._process(in_hand)
            self._watchdog.progress()
            in_hand = in_hand[taken:] if taken else ()
        if time.monotonic() - self._lag_told >= self.config.lag_interval:
            self._observer.lag(self._source.lag())
            self._lag_told = time.monotonic()

    def _process(self, messages: Sequence[Message]) -> int:
        """One transaction over the first of these records: how many it took, 0 when all are to be read again."""
        started = time.monotonic()
        try:
            self._transactions.begin()
            batch = self._filling.fill(self._transactions, messages, started)
            self._commit(batch.next_offsets)
        except Unavailable as unavailable:
            self._abandon(unavailable.reason)
            self._rewind(unavailable.reason, len(messages), wait=True)
            return 0
        except Aborted as aborted:
            self._rewind(aborted.reason, len(messages))
            return 0
        except ProducerLost as lost:
            self._rebuild(lost.reason)
            self._rewind(lost.reason, len(messages))
            return 0
        self._source.advance(batch.next_offsets)
        self._failures = 0
        self.state = State.RUNNING
        self._observer.committed(messages[: batch.records], outputs=batch.outputs, seconds=time.monotonic() - started)
        if batch.dead_letters:
            self._observer.dead_lettered(batch.dead_letters)
        if self._transactions.suspect:
            self._rebuild("disconnected_during_commit", counts=False)
        return batch.records

    def _commit(self, next_offsets: dict[Partition, int]) -> None:
        """Commit, or raise what ``Transactions.commit`` raises once the outcome is known."""
        metadata = self._source.group_metadata()
        if metadata is None:
            self._transactions.abort("not_in_group")
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in next_offsets.items()]
        try:
            self._transactions.commit(offsets, metadata)
        except ProducerLost as lost:
            if not lost.outcome_unknown:
                raise
            # Only the broker knows; it answers once the successor's epoch has settled the old transaction.
            self._rebuild(lost.reason)
            if not self._was_committed(next_offsets):
                raise Aborted(lost.reason) from lost

    def _was_committed(self, next_offsets: dict[Partition, int]) -> bool:
        try:
            self._source.rewind_to_committed(time.monotonic() + COMMITTED_TIMEOUT)
        except KafkaException:
            # A new member asks the same question when it is assigned, and waits for the answer.
            self._replace_source()
        positions = self._source.positions
        return all(positions.get(partition, -1) >= offset for partition, offset in next_offsets.items())

    def _abandon(self, reason: str) -> None:
        try:
            self._transactions.abort(reason)
        except Aborted:
            pass
        except ProducerLost as lost:
            self._rebuild(lost.reason)

    def _rewind(self, reason: str, records: int, *, wait: bool = False) -> None:
        self._observer.aborted(reason, records=records)
        self._source.rewind()
        self._failures += 1
        # A first abort is part of every rebalance and tried again at once; more in a row are trouble that wants time.
        if wait or self._failures > 1:
            self._wait(reason)

    def _wait(self, reason: str) -> None:
        self.state, self.reason = State.WAITING, reason
        self._observer.waiting(reason)
        self._stopping.wait(backoff(max(0, self._failures - 1)))

    def _replace_source(self) -> None:
        self._source.close()
        self._source = Source(self.config, self._observer, self._stopping)

    def _rebuild(self, reason: str, *, counts: bool = True) -> None:
        self._observer.producer_rebuilt(reason)
        if counts:
            self._count_rebuild(reason)
        self._transactions.close()
        self._transactions = Transactions(self.config)
        self._initialize()

    def _count_rebuild(self, reason: str) -> None:
        now = time.monotonic()
        self._rebuilds.append(now)
        while now - self._rebuilds[0] > REBUILD_WINDOW:
            self._rebuilds.popleft()
        if len(self._rebuilds) <= self.config.max_rebuilds:
            return
        if "fenced" in reason or "epoch" in reason:
            raise Fenced(
                f"fenced {len(self._rebuilds)} times within {REBUILD_WINDOW:.0f} s: another process uses"
                f" transactional id {self.config.transactional_id}; give each replica its own"
            )
        raise ClientFailed(
            f"the producer failed {len(self._rebuilds)} times within {REBUILD_WINDOW:.0f} s, last with {reason}"
        )

    def _initialize(self) -> None:
        """Claim the transactional id, for as long as that takes."""
        while not self._stopping.is_set():
            self._watchdog.progress()
            refusal = self._transactions.refusal or self._source.refusal
            if refusal and not self._connected_once:
                raise AuthenticationFailed(refusal)
            try:
                if self._transactions.initialize(SLICE):
                    self._connected_once = True
                    self.state = State.RUNNING
                    return
            except ProducerLost as lost:
                self._count_rebuild(lost.reason)
                self._transactions.close()
                self._transactions = Transactions(self.config)
            self.state, self.reason = State.WAITING, "waiting for the transaction coordinator"
            self._observer.waiting(self.reason)
        raise _StopRequested
