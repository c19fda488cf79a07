"""Knowledge of each partition while both logs are followed, and the place of a device's records. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb
from zlib import crc32

_FEW_KEYS = 200
_CERTAINTY = 1_000


@dataclass(slots=True)
class Link:
    """Between a partition of the input and one of the output: the offsets of matched records of both."""

    first_event: int
    last_event: int
    first_reading: int
    last_reading: int


@dataclass(slots=True)
class Source:
    """A partition of the input. `start`: the offset from which on its records are judged."""

    number: int
    start: int = 0
    committed: int | None = None
    """The group's committed offset; None where it has none in this topic."""
    cut: bool = False
    """Whether there may have been records before `start`."""
    first_time: int | None = None
    """The timestamp of the first record that was read."""
    read: int = 0
    """The offset behind the last record that was read."""
    pending: int = 0
    last: int = -1
    """The last offset of which something was found, in the output or the dead letters."""
    first_letters: dict[int, int] = field(default_factory=dict)
    """By partition of the dead letters, the first offset of this one of which there is a dead letter."""
    end: int | None = None
    """The offset up to which it was read in the end."""
    links: dict[int, Link] = field(default_factory=dict)

    def reached(self, offset: int) -> None:
        """Something of this record was found: it was processed."""
        self.last = max(self.last, offset)

    def matched(self, offset: int, sink: int, event: int) -> None:
        """An event of this record was found."""
        # Conditions, and no calls of max and min: this runs for each event.
        link = self.links.get(sink)
        if link is None:
            self.links[sink] = Link(event, event, offset, offset)
        else:
            if event > link.last_event:
                link.last_event = event
            elif event < link.first_event:
                link.first_event = event
            if offset > link.last_reading:
                link.last_reading = offset
            elif offset < link.first_reading:
                link.first_reading = offset
        if offset > self.last:  # noqa: PLR1730
            self.last = offset

    def is_processed(self, offset: int) -> bool:
        """Whether the group has processed the record at this offset.

        What is behind its committed offset may be on the way: of one transaction, the ends that were looked up first
        need not cover all partitions.
        """
        return offset < self.committed if self.committed is not None else offset <= self.last


@dataclass(slots=True)
class Sink:
    """A partition of the output, or of the dead letters."""

    number: int
    cut: bool = False
    open: bool = False
    """Whether a transaction hangs in it, behind which nothing can be read."""
    pending: int = 0
    first_time: int | None = None


def are_usual(usual: int, others: int, partitions: int) -> bool:
    """Whether so many keys are in their usual partition that this is no chance, as it were with another partitioner."""
    keys = usual + others
    if partitions == 1 or usual < 4 * others:
        return False
    # The sum for a few keys only; of more, four in five are no chance.
    chance = (
        sum(comb(keys, each) * (partitions - 1) ** (keys - each) for each in range(usual, keys + 1))
        if keys <= _FEW_KEYS
        else 0
    )
    return bool(chance * _CERTAINTY < partitions**keys)


def usual_partition(key: bytes, partitions: int) -> int:
    """Return where librdkafka's partitioner puts a key by default (`consistent_random`)."""
    return crc32(key) % partitions


def was_usual_before(key: bytes, partition: int, timestamp: int, first_times: Sequence[int | None]) -> bool:
    """Whether a key belonged to a partition at a time when the topic had fewer of them.

    `first_times`: of the first record of each partition as the topic is now, None for one without records.
    """
    for fewer in range(len(first_times) - 1, 0, -1):
        first = first_times[fewer]
        if first is not None and first < timestamp:
            return False
        if crc32(key) % fewer == partition:
            return True
    return False
