"""One idempotent producer for the process: records in from the event loop, acknowledgements back to it in batches.

librdkafka calls back on the thread that polls. Waking the event loop costs more than everything else here, so what one
poll brought is handed over in one wake-up, however many records it acknowledges.
"""

import asyncio
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
from heartzone_producer.writing.errors import UnavailableError, describe, not_acknowledged

log = structlog.get_logger(__name__)

ACKNOWLEDGEMENT_TIMEOUT = 4.5
"""Seconds after which a request stops to wait, whatever librdkafka does. It gives a record up after MESSAGE_TIMEOUT_MS
and checks once a second, so that it nearly always comes first and says why."""

MESSAGE_TIMEOUT_MS = 3000

REQUIRED_PROPERTIES: Mapping[str, str | int] = {
    "enable.idempotence": "true",
    "acks": "all",
    # A record that librdkafka still holds after its request has ended could be written although a 503 was sent.
    "message.timeout.ms": MESSAGE_TIMEOUT_MS,
}
"""The properties by which an acknowledgement means what the API says; settings cannot change them."""

DEFAULTS: Mapping[str, str | int] = {
    "client.id": "heartzone-producer",
    "linger.ms": 1,
    # A broker rejects a batch as a whole. A small one is never larger than a topic accepts unless its one record is.
    "batch.size": 65536,
    "queue.buffering.max.messages": 20_000,
    "queue.buffering.max.kbytes": 65_536,
    # Errors come through error_cb, where equal ones are logged once; librdkafka's own log would repeat them.
    "log_level": 2,
}
"""Settings may change these."""

POLL_SECONDS = 0.1

Acknowledgement: TypeAlias = asyncio.Future[None]
Report: TypeAlias = tuple[Acknowledgement, KafkaError | None]


class RecordWriter:
    """Writes records; a future ends when the broker has acknowledged its record.

    `start`, `write` and `stop` belong to the event loop's thread; the rest may be used by any.

    Args:
        config: librdkafka properties.
        metrics: count every acknowledgement.
        on_failure: called on the event loop when records were not acknowledged, once for all that came together.

    Raises (constructor):
        KafkaException: librdkafka does not take the configuration.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        metrics: WriterMetrics,
        on_failure: Callable[[], object] = lambda: None,
    ) -> None:
        self._config = {**DEFAULTS, **config, **REQUIRED_PROPERTIES, "error_cb": self._note}
        self._metrics = metrics
        self._on_failure = on_failure
        self._producer = Producer(self._config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[Acknowledgement, float] = {}
        self._reports: list[Report] = []
        self._stopping = Event()
        self._thread = Thread(target=self._poll, name="producer-poll", daemon=True)
        self.loop_seen = monotonic()
        """When the event loop last moved, by the monotonic clock."""
        self.acknowledged_at = float("-inf")
        """When records were last acknowledged, by the monotonic clock."""
        self.replaced = 0
        """How often the producer failed for good and was replaced."""
        self.last_error: KafkaError | None = None
        """The newest error of a connection; None again as soon as a record is acknowledged."""

    def start(self) -> None:
        """Begin to take records, for the event loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._watch_deadlines()

    def write(self, topic: str, value: bytes, key: bytes | str | None) -> Acknowledgement:
        """Hand a record over; the future ends when the broker has it, or with UnavailableError or RecordTooLargeError.

        Raises:
            UnavailableError: the queue to the broker is full, or the producer is being replaced.
            RecordTooLargeError: larger than ``message.max.bytes``.
        """
        assert self._loop is not None
        acknowledgement = self._loop.create_future()
        try:
            self._producer.produce(topic, value, key, on_delivery=partial(self._report, acknowledgement))
        except BufferError as error:
            raise UnavailableError(
                ServiceUnavailableReason.QUEUE_FULL, "too many records wait for the broker"
            ) from error
        except KafkaException as error:
            raise not_acknowledged(error.args[0]) from error
        self._waiting[acknowledgement] = monotonic()
        self._metrics.in_flight = len(self._waiting)
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
        producer = self._producer
        while not self._stopping.is_set():
            try:
                producer.poll(POLL_SECONDS)
            except KafkaException as error:
                # Only a fatal error is raised here: this producer will never write again (librdkafka's INTRODUCTION.md,
                # "Idempotent producer guarantees"). The requests of what it still holds end with 503.
                producer = self._replace(producer, error.args[0])
            self._hand_over()
        self._abandon(producer)
        self._hand_over()

    def _replace(self, producer: Producer, error: KafkaError) -> Producer:
        log.error("producer_replaced", reason=describe(error))
        self.replaced += 1
        self._producer = Producer(self._config)
        self._abandon(producer)
        return self._producer

    @staticmethod
    def _abandon(producer: Producer) -> None:
        """Have everything that a producer still holds reported as not written."""
        producer.purge()
        # A producer with a fatal error raises it at each poll, after it has served its reports.
        with suppress(KafkaException):
            producer.flush(0.5)

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
            started = self._waiting.pop(acknowledgement, None)
            if started is None or acknowledgement.done():
                continue  # its request ended with 503, or its client is gone
            if error is None:
                self.last_error = None
                self.acknowledged_at = now
                acknowledgement.set_result(None)
                self._metrics.acknowledged(now - started)
            else:
                failed = True
                acknowledgement.set_exception(not_acknowledged(error))
        self._metrics.in_flight = len(self._waiting)
        if failed:
            self._on_failure()

    def _watch_deadlines(self) -> None:
        """End the requests that wait for too long. Oldest first, so that it costs nothing when all is well."""
        now = self.loop_seen = monotonic()
        for acknowledgement, started in list(self._waiting.items()):
            if now - started < ACKNOWLEDGEMENT_TIMEOUT:
                break
            del self._waiting[acknowledgement]
            if not acknowledgement.done():
                acknowledgement.set_exception(
                    UnavailableError(
                        ServiceUnavailableReason.BROKER_UNAVAILABLE, "the broker did not acknowledge the record in time"
                    )
                )
        if not self._stopping.is_set():
            assert self._loop is not None
            self._loop.call_later(0.2, self._watch_deadlines)

    def _note(self, error: KafkaError) -> None:
        self.last_error = error
