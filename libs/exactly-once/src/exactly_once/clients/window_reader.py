"""Reads the keys of the records before a position, beside the worker's own fetching."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Event, Lock, Thread
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from exactly_once.clients.broker_lookups import BrokerLookups
from exactly_once.clients.renewed_admin import response_of
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
    """Reads windows on a thread of its own, which lives as long as there are some to read.

    ``config`` returns what its consumer is made with, which is replaced once that is another one.
    """

    def __init__(
        self, config: Callable[[], ConsumerConfig], deduplication: Deduplication, lookups: Callable[[], BrokerLookups]
    ) -> None:
        self._config = config
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
                made_with = self._config()
                consumer = Consumer(made_with.window_reader_properties())
                try:
                    if self._read_all(consumer, made_with):
                        return
                finally:
                    consumer.close()
            except Exception:
                # Whatever it was, the partitions wait for it.
                log.exception("window_reader_failed")
                self._closed.wait(RETRY_INTERVAL)
            with self._lock:
                for reading in self._readings:
                    reading.start, reading.assigned = None, False

    def _read_all(self, consumer: Consumer, made_with: ConsumerConfig) -> bool:
        """Read until nothing is left to read, or the end; then this thread ends, too.

        Returns False when the rest is for another consumer: the configuration is another one, or a partition is to be
        read once more, and what this one had in its queue of the first time would be taken for what is read the second
        time.
        """
        by_partition: dict[Partition, Reading] = {}
        read_before: set[Partition] = set()
        while not self._closed.is_set():
            if self._config() is not made_with:
                return False
            with self._lock:
                ended = [each for each in self._readings if each.done()]
                self._readings = [each for each in self._readings if not each.done()]
                if not self._readings:
                    self._thread = None
                    return True
                waiting = [each for each in self._readings if not each.assigned]
            for each in ended:
                if each.assigned:
                    consumer.incremental_unassign([TopicPartition(*each.partition)])
                    del by_partition[each.partition]
            for each in waiting:
                if each.partition in read_before:
                    return False
                if self._begin(consumer, each):
                    by_partition[each.partition] = each
                    read_before.add(each.partition)
            self._take(consumer.consume(CHUNK, WAIT), by_partition)
        return True

    def _begin(self, consumer: Consumer, reading: Reading) -> bool:
        """Begin to read when it is known where; returns whether it is read now."""
        try:
            if reading.start is None:
                reading.start = self._lookups().first_since(reading.partition, reading.since)
            if not reading.start.done():
                return False
            start: int = response_of(reading.start).offset  # -1 where no record is as late
        except Exception as error:  # whatever the client raises: it is tried again, for as long as the partition waits
            log.warning("window_start_unknown", extra={"partition": reading.partition, "reason": str(error)})
            reading.start = None
            self._closed.wait(RETRY_INTERVAL)
            return False
        if not 0 <= start < reading.before:
            reading.finish()
            return False
        consumer.incremental_assign([TopicPartition(*reading.partition, start)])
        reading.assigned = True
        return True

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
