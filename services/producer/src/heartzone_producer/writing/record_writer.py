"""One idempotent producer for the process: records in from the event loop, acknowledgements back to it in batches.

librdkafka calls back on the thread that polls. Waking the event loop costs more than everything else here, so what one
poll brought is handed over in one wake-up, however many records it acknowledges.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Any, TypeAlias

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import TopicMetadata

from heartzone_producer.metrics import WriterMetrics
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.client_properties import DEFAULTS, REQUIRED_PROPERTIES, STATISTICS_INTERVAL_MS
from heartzone_producer.writing.errors import UnavailableError, describe, not_acknowledged
from heartzone_producer.writing.predecessors import POLL_SECONDS, Predecessors, abandon, drain
from heartzone_producer.writing.rejected_credentials import RejectedCredentials
from heartzone_producer.writing.waiting import Acknowledgement, WaitingRecords

log = structlog.get_logger(__name__)

_librdkafka_log = logging.getLogger("librdkafka")
# A fatal error is logged as `producer_replaced`, with its reason.
_librdkafka_log.addFilter(lambda record: "FATAL" not in (record.args or ()))

OUTAGE_TIMEOUT = 3.5
"""Seconds for which a request waits when brokers do not respond; the API promises its response within five."""

GIVE_UP_AFTER = 60.0
"""Seconds after which a record without an outcome is given up, and its producer with it. Longer than any election: what
is given up earlier would have been stored, and not a second time when it is sent again."""

STALLED_AFTER = 0.5
"""Seconds after which a record that is not acknowledged is a sign of trouble."""

SWITCHING_SECONDS = 0.01
"""For one poll while more than one producer has reports to give."""

TICK_SECONDS = 0.2

TROUBLE_INTERVAL = 1.0
"""Seconds after which trouble that goes on is told again."""

FLUSH_SECONDS = 0.2
"""For what is under way to brokers that are well, when a producer is given up."""

_QUEUE_FULL = "too many records wait for the broker"

Headers: TypeAlias = list[tuple[str, str | bytes | None]]

Report: TypeAlias = tuple[Acknowledgement, KafkaError | None]


class RecordWriter:
    """Writes records; a future ends when the broker has acknowledged its record.

    `start`, `write` and `stop` belong to the event loop's thread; the rest may be used by any. `reconnect` goes on with
    a new producer, while the records that the one before holds are still delivered by that.

    Args:
        config: librdkafka properties.
        metrics: count every acknowledgement.
        timeout: seconds for which a request waits that does since a time of the monotonic clock.
        give_up_after: seconds after which a record is given up.
        max_stalled: records that may wait while the oldest does for more than STALLED_AFTER.
        on_trouble: called on the event loop when records were not acknowledged, or wait for long.

    Raises (constructor):
        KafkaException: librdkafka does not take the configuration.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        metrics: WriterMetrics,
        timeout: Callable[[float], float] = lambda _since: OUTAGE_TIMEOUT,
        give_up_after: float = GIVE_UP_AFTER,
        max_stalled: int = 4096,
        on_trouble: Callable[[], object] = lambda: None,
    ) -> None:
        self._config = config
        self._timeout = timeout
        self._give_up_after = give_up_after
        self._max_stalled = max_stalled
        self._on_trouble = on_trouble
        self._producer = self._new_producer()
        self._successor: Producer | None = None
        self._predecessors = Predecessors()
        self._switched_at = float("-inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = WaitingRecords(metrics)
        self._reports: list[Report] = []
        self._stopping = Event()
        self._given_up = Event()
        self._trouble_told_at = float("-inf")
        self._thread = Thread(target=self._poll, name="producer-poll", daemon=True)
        self.loop_seen = monotonic()
        """When the event loop last moved, by the monotonic clock."""
        self.acknowledged_at = float("-inf")
        """When records were last acknowledged, by the monotonic clock."""
        self.replaced = 0
        """How often the producer failed for good, or was given up, and was replaced."""
        self.last_error: KafkaError | None = None
        """The newest error of a connection; None again as soon as a record is acknowledged."""

    def reconnect(self, config: Mapping[str, Any]) -> None:
        """Go on with a producer that has these properties: credentials and certificates that were replaced.

        Raises:
            KafkaException: librdkafka does not take the configuration; nothing has changed.
        """
        before, self._config = self._config, config
        try:
            self._successor = self._new_producer()
        except KafkaException:
            self._config = before
            raise

    @property
    def rejected_credentials(self) -> str | None:
        """Why a broker has not let this process connect for some time, although others may; None while none does."""
        error = self._rejected.lasting()
        return None if error is None else describe(error)

    @property
    def connection_failure(self) -> KafkaError | None:
        """Why a broker cannot be reached, as far as it is known: that it rejects the credentials says most."""
        return self._rejected.current() or self.last_error

    def start(self) -> None:
        """Begin to take records, for the event loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._watch_deadlines()

    def write(
        self, topic: str, value: bytes, key: bytes | str | None, headers: Headers | None = None
    ) -> Acknowledgement:
        """Hand a record over; the future ends when the broker has it, or with UnavailableError or RecordTooLargeError.

        Raises:
            UnavailableError: too many records wait for the broker, or the producer is being replaced.
            RecordTooLargeError: larger than ``message.max.bytes``.
        """
        assert self._loop is not None
        now = monotonic()
        if len(self._waiting) >= self._max_stalled and self._waiting.age(now) > STALLED_AFTER:
            raise UnavailableError(ServiceUnavailableReason.QUEUE_FULL, _QUEUE_FULL)
        acknowledgement = self._loop.create_future()
        try:
            self._producer.produce(
                topic, value, key, on_delivery=partial(self._report, acknowledgement), headers=headers
            )
        except BufferError as error:
            raise UnavailableError(ServiceUnavailableReason.QUEUE_FULL, _QUEUE_FULL) from error
        except KafkaException as error:
            raise not_acknowledged(error.args[0]) from error
        self._waiting.add(acknowledgement, now)
        return acknowledgement

    def topics(self, timeout: float) -> Mapping[str, TopicMetadata]:
        """Ask a broker which topics there are; at most ``timeout`` seconds.

        Raises:
            KafkaException: none responded.
        """
        topics: Mapping[str, TopicMetadata] = self._producer.list_topics(timeout=timeout).topics
        return topics

    def stop(self) -> None:
        """End; what is not acknowledged yet is given up. Blocks for a second at most."""
        self._stopping.set()
        self._thread.join(1.0)

    def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                self._producer.poll(SWITCHING_SECONDS if self._predecessors else POLL_SECONDS)
            except KafkaException as error:
                # Only a fatal error is raised here: this producer will never write again (librdkafka's INTRODUCTION.md,
                # "Idempotent producer guarantees"). The requests of what it still holds end with 503.
                self._replace(describe(error.args[0]))
            else:
                if self._given_up.is_set():
                    self._give_up()
            if self._successor is not None:
                self._switch_to(self._successor)
            self._predecessors.serve()
            self._hand_over()
        self._predecessors.abandon()
        abandon(self._producer)
        self._hand_over()

    def _new_producer(self) -> Producer:
        # Of each producer its own: that of the one before may be rejected for as long as it holds records.
        rejected = RejectedCredentials()
        own_statistics = self._config.get("stats_cb")

        def on_error(error: KafkaError) -> None:
            self.last_error = error
            if rejected.failed(error):
                log.warning("credentials_rejected", reason=describe(error))

        def on_statistics(document: str) -> None:
            rejected.saw(document)
            if own_statistics is not None:
                own_statistics(document)

        producer = Producer(
            {
                **DEFAULTS,
                **self._config,
                **REQUIRED_PROPERTIES,
                "statistics.interval.ms": STATISTICS_INTERVAL_MS,
                "stats_cb": on_statistics,
                "error_cb": on_error,
                "logger": _librdkafka_log,
            }
        )
        self._rejected = rejected
        return producer

    def _give_up(self) -> None:
        """Give up who holds records that would be stored some time, although their requests got a 503 long ago."""
        if monotonic() - self._switched_at < self._give_up_after:
            self._predecessors.abandon()  # all that the producer holds is younger
            self._hand_over()
            self._given_up.clear()
        else:
            self._replace("records were not acknowledged for too long")

    def _replace(self, reason: str) -> None:
        """Replace the producer by a new one, and give up what it holds, and those before it."""
        log.error("producer_replaced", reason=reason)
        producer, self._producer = self._producer, self._new_producer()
        drain(producer, FLUSH_SECONDS)
        abandon(producer)
        self._predecessors.abandon()
        self._hand_over()
        self._given_up.clear()  # only now: others of its records go on to become too old until they are reported
        self.replaced += 1

    def _switch_to(self, successor: Producer) -> None:
        """Let the event loop write to another producer from its next turn on."""
        predecessor, switched = self._producer, Event()

        def switch() -> None:
            self._producer = successor
            switched.set()

        assert self._loop is not None
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(switch)
        while not switched.wait(SWITCHING_SECONDS) and not self._stopping.is_set():
            pass
        if self._successor is successor:
            self._successor = None
        self._predecessors.add(predecessor, self._config)
        self._switched_at = monotonic()

    def _hand_over(self) -> None:
        if self._reports:
            assert self._loop is not None
            reports, self._reports = self._reports, []
            # The loop is closed when a report comes after the last request had its response.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, reports)

    def _report(self, acknowledgement: Acknowledgement, error: KafkaError | None, _message: Message) -> None:
        self._reports.append((acknowledgement, error))

    def _settle(self, reports: list[Report]) -> None:
        now = monotonic()
        failed = False
        for acknowledgement, error in reports:
            if error is None:
                self.last_error = None
                self.acknowledged_at = now
                self._waiting.end(acknowledgement, None, now)
            else:
                failed |= self._waiting.end(acknowledgement, not_acknowledged(error), now)
        if failed:
            self._on_trouble()

    def _watch_deadlines(self) -> None:
        """End requests that wait for too long; much later give up their records, and the producer that holds them."""
        now = self.loop_seen = monotonic()
        self._waiting.end_overdue(self._timeout(now - self._waiting.age(now)), now)
        if self._waiting.oldest_record(now) > self._give_up_after and self._waiting.forget(self._give_up_after, now):
            self._given_up.set()
        if self._waiting.age(now) > STALLED_AFTER and now - self._trouble_told_at > TROUBLE_INTERVAL:
            self._trouble_told_at = now
            self._on_trouble()
        if not self._stopping.is_set():
            assert self._loop is not None
            self._loop.call_later(TICK_SECONDS, self._watch_deadlines)
