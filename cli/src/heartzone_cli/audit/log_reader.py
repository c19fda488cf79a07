"""Reading of one topic from an offset of each partition up to another one: committed records, without a group."""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from heartzone_cli.cluster.topic_reader import PERMANENT_ERRORS, Offsets, TopicUnavailableError

MAX_RECORDS, MAX_BYTES = 2_000, 4 << 20
# What the client fetches ahead is memory, of three topics.
_FETCHING: Mapping[str, Any] = {
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 6 << 10,
    "fetch.queue.backoff.ms": 5,  # by default, a second passes until more is fetched
    "fetch.wait.max.ms": 100,
    "fetch.message.max.bytes": 512 << 10,
}


class LogReader:
    """One topic. `starts` and `ends` are offsets by partition: of the first record, and behind the last one."""

    def __init__(self, properties: Mapping[str, Any], topic: str, starts: Offsets, ends: Offsets) -> None:
        self.topic = topic
        self.positions: Offsets = dict(starts)
        self.ends: Offsets = dict(ends)
        self.error: str | None = None
        self._starts = dict(starts)
        self._paused: set[int] = set()
        self._idle: set[int] = set()
        self._records = MAX_RECORDS
        self._consumer = Consumer(
            {
                **_FETCHING,
                **properties,
                "log_level": "0",
                "error_cb": self._note,
                "group.id": "heartzone-audit",  # required by the client, never joined
                "enable.auto.commit": "false",
                "enable.auto.offset.store": "false",
                "isolation.level": "read_committed",
                "enable.partition.eof": "true",
                "auto.offset.reset": "earliest",  # retention may delete the start meanwhile
            }
        )
        self._unfinished: set[int] = set()
        self.extend({})

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _note(self, error: KafkaError) -> None:
        self.error = error.str()

    @property
    def finished(self) -> bool:
        """Whether every partition was read to its end."""
        return not self._unfinished

    @property
    def unfinished(self) -> frozenset[int]:
        """Partitions that were not read to their end."""
        return frozenset(self._unfinished)

    @property
    def waiting(self) -> frozenset[int]:
        """Partitions of which no more is committed, although their end was not reached: a transaction is open."""
        return frozenset(self._unfinished & self._idle)

    @property
    def readable(self) -> bool:
        """Whether records may come."""
        return bool(self._unfinished - self._paused)

    @property
    def done(self) -> int:
        """How many offsets were passed."""
        return sum(min(at, self.ends[each]) - self._starts[each] for each, at in self.positions.items())

    @property
    def total(self) -> int:
        """How many offsets there are."""
        return sum(max(0, end - self._starts[each]) for each, end in self.ends.items())

    def read(self, timeout: float) -> list[Message]:
        """Return records, those of a partition in their order; none when none came in time.

        Raises TopicUnavailableError.
        """
        fetched = self._consumer.consume(1, timeout) if timeout else []
        fetched += self._consumer.consume(self._records - len(fetched), 0)
        positions, ends = self.positions, self.ends
        records = []
        for message in fetched:
            number, offset = message.partition(), message.offset()
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF and number is not None and offset is not None:
                    positions[number] = max(positions[number], offset)
                    self._idle.add(number)
                elif error.code() in PERMANENT_ERRORS:
                    raise TopicUnavailableError(f"The topic {self.topic} cannot be read: {error.str()}.")
                continue
            assert number is not None
            assert offset is not None
            # Nothing twice, whatever pausing and errors of the connection make the client do.
            if offset < positions[number]:
                continue
            if offset < ends[number]:
                positions[number] = offset + 1
                records.append(message)
            else:
                positions[number] = ends[number]
        if records:
            self.error = None
            self._idle.difference_update({message.partition() for message in records})
            self._limit(records)
        self._stop([each for each in self._unfinished if positions[each] >= ends[each]])
        return records

    def _limit(self, records: list[Message]) -> None:
        """Let the next batch hold few megabytes."""
        size = sum(map(len, records)) // len(records) + 1
        self._records = max(1, min(MAX_RECORDS, MAX_BYTES // size))

    def _stop(self, partitions: Iterable[int]) -> None:
        numbers = set(partitions)
        self._unfinished -= numbers
        self.pause(numbers)

    def finish(self, partition: int) -> None:
        """Give up what is behind the position of a partition."""
        self._stop({partition})

    def extend(self, ends: Offsets) -> None:
        """Go on to these ends, too; from where records were given, since more may have been fetched."""
        for number, end in ends.items():
            self.ends[number] = max(self.ends[number], end)
        self._unfinished = {each for each, at in self.positions.items() if at < self.ends[each]}
        self._idle.clear()
        self._paused = self.positions.keys() - self._unfinished
        going_on = [TopicPartition(self.topic, each, self.positions[each]) for each in sorted(self._unfinished)]
        self._consumer.assign(going_on)
        self._consumer.resume(going_on)

    def pause(self, partitions: Iterable[int]) -> None:
        """Fetch no more of these for now."""
        numbers = sorted(set(partitions) - self._paused)
        if numbers:
            self._consumer.pause([TopicPartition(self.topic, each) for each in numbers])
            self._paused |= set(numbers)

    def resume(self, partitions: Iterable[int]) -> None:
        """Fetch again of these."""
        numbers = sorted(set(partitions) & self._paused)
        if numbers:
            self._paused -= set(numbers)
            self._consumer.resume([TopicPartition(self.topic, each) for each in numbers])

    @property
    def paused(self) -> frozenset[int]:
        """Partitions of which nothing is fetched for now."""
        return frozenset(self._paused)
