"""The loop: fetch, transform, produce, commit; and what happens when one of them fails.

One process is one consumer and one transactional producer. No transaction is open across ``fetch()``, so every
rebalance callback runs with nothing in flight, and a revoked or lost partition needs no transactional work.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from enum import Enum

from confluent_kafka import KafkaException, Message, TopicPartition

from exactly_once.batching import backoff
from exactly_once.config import WorkerConfig
from exactly_once.errors import ClientFailed, Misconfigured
from exactly_once.filling import Filling
from exactly_once.observer import Observer
from exactly_once.reactions import REFUSED_RECORD, reason_of
from exactly_once.records import Transform, Unavailable
from exactly_once.source import COMMITTED_TIMEOUT, CUT_OFF_AFTER, Partition, Source
from exactly_once.stopping import StopFlag
from exactly_once.succession import StopRequested, Succession
from exactly_once.transactions import Aborted, ProducerLost
from exactly_once.watchdog import Watchdog

# A member that does not fetch for max.poll.interval.ms (300 s) is put out of its group.
FETCH_AT_LEAST_EVERY = 60.0

log = logging.getLogger(__name__)


class State(Enum):
    """Where a worker is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"


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
        self._stopping = StopFlag()
        self._failures = 0
        self._most = config.limits.max_records
        self._lag_told = 0.0
        self._filling = Filling(config, transform)
        # Made by run(): a consumer joins its group as soon as it exists.
        self._producers: Succession
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
        """Finish the transaction in hand, leave the group, return from ``run()``. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until ``stop()``.

        Raises:
            WorkerError: the worker cannot go on by itself; see exactly_once.errors.
        """
        try:
            self._producers = Succession(
                self.config,
                self._observer,
                self._stopping,
                on_wait=self._note_wait,
                refusal=lambda: self._source.refusal,
            )
            self._source = Source(self.config, self._observer, self._stopping)
        except KafkaException as failure:
            raise Misconfigured(failure.args[0].str()) from failure
        try:
            self._producers.claim()
            while not self._stopping.is_set():
                self._step()
        except StopRequested:
            pass
        except KafkaException as failure:
            raise ClientFailed(f"a client cannot be made or used any more: {failure.args[0].str()}") from failure
        finally:
            self.state = State.STOPPED
            self._watchdog.disarm()
            try:
                # The group first: its members wait for us, while nobody waits for the transactional id.
                self._source.close()
            finally:
                self._producers.transactions.close()

    def _step(self) -> None:
        self._watchdog.progress()
        fetched = time.monotonic()
        try:
            in_hand: Sequence[Message] = self._source.fetch(self.config.limits.max_records, self.config.idle)
        except KafkaException as failure:
            self._failures += 1
            self._replace_source()
            self._wait(reason_of(failure.args[0].name()))
            return
        if not in_hand:
            self.state = State.RUNNING
            if self._source.is_cut_off:
                log.warning("no broker was reached for %g s: going on with a new consumer", CUT_OFF_AFTER)
                self._replace_source()
        while in_hand and not self._stopping.is_set():
            taken = self._process(in_hand[: self._most])
            self._watchdog.progress()
            in_hand = in_hand[taken:] if taken else ()
            if in_hand and time.monotonic() - fetched > FETCH_AT_LEAST_EVERY:
                self._seek_back()
                break
        if time.monotonic() - self._lag_told >= self.config.lag_interval:
            self._observer.lag(self._source.lag())
            self._lag_told = time.monotonic()

    def _process(self, messages: Sequence[Message]) -> int:
        """One transaction over the first of these records: how many it took, 0 when all are to be read again."""
        started = time.monotonic()
        try:
            self._producers.transactions.begin()
            batch = self._filling.fill(self._producers.transactions, messages, started)
            self._commit(batch.next_offsets, messages)
        except Unavailable as unavailable:
            self._abandon(unavailable.reason)
            self._rewind(unavailable.reason, len(messages), wait=True)
            return 0
        except Aborted as aborted:
            if aborted.reason in REFUSED_RECORD:
                self._close_in_on(messages, aborted.reason)
            self._rewind(aborted.reason, len(messages))
            return 0
        except ProducerLost as lost:
            self._producers.rebuild(lost.reason)
            self._rewind(lost.reason, len(messages))
            return 0
        self._source.advance(batch.next_offsets)
        self._filling.forget_condemned()
        self._failures = 0
        self._most = min(self.config.limits.max_records, self._most * 2)
        self.state = State.RUNNING
        self._observer.committed(messages[: batch.records], outputs=batch.outputs, seconds=time.monotonic() - started)
        if batch.dead_letters:
            self._observer.dead_lettered(batch.dead_letters)
        self._replace_if_suspect()
        return batch.records

    def _commit(self, next_offsets: dict[Partition, int], messages: Sequence[Message]) -> None:
        """Commit, or raise what ``Transactions.commit`` raises once the outcome is known."""
        metadata = self._source.group_metadata()
        if metadata is None:
            self._producers.transactions.abort("not_in_group")
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in next_offsets.items()]
        try:
            self._producers.transactions.commit(offsets, metadata)
        except ProducerLost as lost:
            if not lost.outcome_unknown:
                raise
            # The commonest cause is a topic that does not exist: name it, rather than time out again and again.
            self._producers.topics |= self._filling.topics_of(messages)
            # Only the broker knows; it answers once the successor's epoch has settled the old transaction.
            self._producers.rebuild(lost.reason)
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

    def _close_in_on(self, messages: Sequence[Message], reason: str) -> None:
        """The brokers refuse one of the records that these give, and do not say which: halve until it is alone."""
        if len(messages) == 1:
            self._filling.condemn(messages[0], f"the brokers refuse it ({reason})")
        self._most = max(1, len(messages) // 2)

    def _abandon(self, reason: str) -> None:
        try:
            with contextlib.suppress(Aborted):
                self._producers.transactions.abort(reason)
        except ProducerLost as lost:
            self._producers.rebuild(lost.reason)

    def _rewind(self, reason: str, records: int, *, wait: bool = False) -> None:
        self._replace_if_suspect()
        self._observer.aborted(reason, records=records)
        self._seek_back()
        self._failures += 1
        # A first abort is part of every rebalance and tried again at once; more in a row are trouble that wants time.
        if wait or self._failures > 1:
            self._wait(reason)

    def _seek_back(self) -> None:
        try:
            self._source.rewind()
        except KafkaException:
            self._replace_source()

    def _replace_if_suspect(self) -> None:
        if self._producers.transactions.suspect:
            self._producers.rebuild("disconnected_while_ending_a_transaction", failed=False)

    def _replace_source(self) -> None:
        self._source.close()
        self._source = Source(self.config, self._observer, self._stopping)

    def _note_wait(self, reason: str) -> None:
        self._watchdog.progress()
        if (self.state, self.reason) != (State.WAITING, reason):
            self._observer.waiting(reason)
        self.state, self.reason = State.WAITING, reason

    def _wait(self, reason: str) -> None:
        self._note_wait(reason)
        self._stopping.wait(backoff(max(0, self._failures - 1)))
