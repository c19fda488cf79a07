"""Reads the keys of the records before a position, beside the worker's own fetching."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Event, Lock, Thread
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from exactly_once.clients.broker_lookups import BrokerLookups
from exactly_once.config import ConsumerConfig
from exactly_once.core.deduplication import Deduplication
from exactly_once.core.key_window import KeyWindow, fingerprint
from exactly_once.core.records import Partition

CHUNK = 500
"""Records of one call: what others of the process wait for, at most, is a hundredth of that many milliseconds."""
WAIT = 0.02  # seconds for records, and between two looks at lookups
RETRY_INTERVAL = 0.5  # seconds

log = logging.getLogger(__name__)


class Reading:
    """The window of one partition while it is read: a `exactly_once.core.deduplication.WindowReading`."""

    def __init__(self, partition: Partition, before: int, since: int, window: KeyWindow) -> None:
        self.partition = partition
        self.before = before
        self.since = since
        self.window = window
        self.start: Future[Any] | None = None
        """The offset to begin at, once it is asked for."""
        self.assigned = False
        self._ended = Event()

    def done(self) -> bool:
        """Whether the window holds all keys before the position."""
        return self._ended.is_set()

    def cancel(self) -> None:
        """Read no more of it."""
        self._ended.set()

    finish = cancel


class WindowReader:
    """Reads windows on a thread of its own, which lives as long as there are some to read."""

    def __init__(
        self, config: ConsumerConfig, deduplication: Deduplication, lookups: Callable[[], BrokerLookups]
    ) -> None:
        self._properties = config.window_reader_properties()
        self._deduplication = deduplication
        self._lookups = lookups
        self._lock = Lock()
        self._readings: list[Reading] = []
        self._thread: Thread | None = None
        self._closed = Event()

    def begin(self, partition: Partition, before: int, since: int) -> Reading:
        """Begin to read: the keys of the records before an offset that are no older than ``since`` (milliseconds)."""
        reading = Reading(partition, before, since, KeyWindow(self._deduplication.window))
        with self._lock:
            self._readings.append(reading)
            if self._thread is None and not self._closed.is_set():
                # A daemon: a stop does not wait for it.
                self._thread = Thread(target=self._run, name="window-reader", daemon=True)
                self._thread.start()
        return reading

    def close(self) -> None:
        """Read no more."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                consumer = Consumer(self._properties)
                try:
                    if self._read_all(consumer):
                        return
                finally:
                    consumer.close()
            except Exception:
                # Whatever it was, the partitions wait for it: begin again with another client.
                log.exception("window_reader_failed")
                with self._lock:
                    for reading in self._readings:
                        reading.start, reading.assigned = None, False
                self._closed.wait(RETRY_INTERVAL)

    def _read_all(self, consumer: Consumer) -> bool:
        """Read until nothing is left to read, or the end; then this thread ends, too."""
        reading_by_partition: dict[Partition, Reading] = {}
        while not self._closed.is_set():
            with self._lock:
                ended = [each for each in self._readings if each.done()]
                self._readings = [each for each in self._readings if not each.done()]
                if not self._readings:
                    self._thread = None
                    return True
                readings = list(self._readings)
            for each in ended:
                if each.assigned:
                    consumer.incremental_unassign([TopicPartition(*each.partition)])
                    del reading_by_partition[each.partition]
            for each in readings:
                if not each.assigned and each.partition not in reading_by_partition:
                    self._begin(consumer, each, reading_by_partition)
            self._take(consumer.consume(CHUNK, WAIT), reading_by_partition)
        return True

    def _begin(self, consumer: Consumer, reading: Reading, by_partition: dict[Partition, Reading]) -> None:
        if reading.start is None:
            reading.start = self._lookups().first_since(reading.partition, reading.since)
        if not reading.start.done():
            return
        try:
            start: int = reading.start.result().offset  # -1 where no record is as late
        except Exception as error:  # whatever the client raises: it is tried again, for as long as the partition waits
            log.warning("window_start_unknown", extra={"partition": reading.partition, "reason": str(error)})
            reading.start = None
            self._closed.wait(RETRY_INTERVAL)
            return
        if not 0 <= start < reading.before:
            reading.finish()
            return
        consumer.incremental_assign([TopicPartition(*reading.partition, start)])
        reading.assigned, by_partition[reading.partition] = True, reading

    def _take(self, messages: Sequence[Message], by_partition: dict[Partition, Reading]) -> None:
        key_of = self._deduplication.key
        for message in messages:
            reading = by_partition.get((message.topic() or "", message.partition() or 0))
            if reading is None or reading.done():
                continue  # what was in the queue when it was unassigned, or is behind the position
            error = message.error()
            offset = message.offset() or 0
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF and offset >= reading.before:
                    reading.finish()
            elif offset >= reading.before:
                reading.finish()
            else:
                key, (kind, timestamp) = key_of(message), message.timestamp()
                if key is not None and kind:
                    reading.window.add(fingerprint(key), timestamp)
                if offset == reading.before - 1:
                    reading.finish()
