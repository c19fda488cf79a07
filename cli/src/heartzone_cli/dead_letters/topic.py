"""The dead-letter topic: which of its letters are handled, and their reading, partition by partition."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Self

from heartzone_cli.cluster.clients import open_reader
from heartzone_cli.cluster.connection import Cluster, cannot_read
from heartzone_cli.cluster.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.dead_letters.handled import Handled, UnreadableRangesError
from heartzone_cli.dead_letters.letter import DeadLetter, read_letter
from heartzone_cli.dead_letters.selection import Selection
from heartzone_cli.errors import CannotRunError
from service_chassis.consumer_groups.position import Committed, metadata_of

HANDLED = "handled"
"""The name of the ranges in the text beside a committed offset."""
SLICE = 500
"""Offsets that are read at once, so that whoever processes them takes the time that it needs."""
SLICE_TIMEOUT = 60.0  # seconds


def group_of(cluster: Cluster) -> str:
    """Return the name of the group whose committed offsets say which dead letters are handled."""
    return f"{cluster.group_id}-dead-letters"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a partition: its first offset, and the last stable one when the command began."""

    earliest: int
    end: int


class DeadLetterTopic:
    """The topic as it was when the command began. Use it as a context manager, which raises CannotRunError."""

    def __init__(self, cluster: Cluster) -> None:
        self.name = cluster.topics.dead_letters
        self.id = ""
        self.bounds: Mapping[int, Bounds] = {}
        self.handled: dict[int, Handled] = {}
        self._cluster = cluster
        self._open = ExitStack()
        self._reader: TopicReader

    def __enter__(self) -> Self:
        with open_reader(self._cluster, group_of(self._cluster)) as groups:
            found = groups.positions(self.name)
        for partition, reason in found.unknown.items():
            raise CannotRunError(f"The offsets of {self.name} {partition} cannot be read: {reason}.")
        self.id = found.topic.id
        self.bounds = {each: Bounds(at.earliest, at.last_stable) for each, at in found.positions.items()}
        self.read_handled({each: at.committed for each, at in found.positions.items() if at.committed is not None})
        self._reader = self._open.enter_context(TopicReader(consumer=self._cluster.consumer, admin=self._cluster.admin))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def read_handled(self, committed: Mapping[int, Committed]) -> None:
        """Take over which letters are handled from the group's committed offsets. Raises CannotRunError."""
        self.handled = {}
        for partition, bounds in self.bounds.items():
            handled = Handled(bounds.earliest)
            at = committed.get(partition)
            if at is not None and at.topic_id in (None, self.id):  # an earlier topic had other letters there
                try:
                    handled = Handled.from_text(at.offset, _pairs(at.metadata).get(HANDLED, ""))
                except UnreadableRangesError as error:
                    raise CannotRunError(
                        f"The text beside the committed offset of {self.name} {partition} is none of this command's"
                        f" ({error}); `heartzone group set-offset {self.name} {partition} {at.offset} --group"
                        f" {group_of(self._cluster)}` replaces it, and forgets what was replayed beyond."
                    ) from error
                handled.add(min(at.offset, bounds.earliest), bounds.earliest)
            self.handled[partition] = handled

    def partitions(self, selection: Selection) -> list[int]:
        """Return those that have to be read for a selection. Raises CannotRunError for one that there is not."""
        for partition in sorted(selection.partitions - self.bounds.keys()):
            last = len(self.bounds) - 1
            raise CannotRunError(
                f"The topic {self.name} has no partition {partition}; one of 0 to {last} would be right."
            )
        return sorted(selection.partitions or self.bounds)

    def check_same(self) -> None:
        """Raise CannotRunError where the topic was made anew since: other letters are at its offsets by now."""
        with open_reader(self._cluster, group_of(self._cluster)) as reader:
            if reader.topic(self.name).id != self.id:
                raise CannotRunError(f"The topic {self.name} was deleted and made anew meanwhile: start again.")

    def metadata(self, handled: Handled) -> str:
        """Return the text to commit beside `handled.before`."""
        ranges = handled.text()
        return metadata_of(self.id, **({HANDLED: ranges} if ranges else {}))

    def letters(self, partition: int) -> Iterator[DeadLetter]:
        """Yield the letters of a partition from the first that is not handled, in order. Raises CannotRunError."""
        return self._read(partition, self.handled[partition].before)

    def all_letters(self, partition: int) -> Iterator[DeadLetter]:
        """Yield every letter of a partition, in order. Raises CannotRunError."""
        return self._read(partition, self.bounds[partition].earliest)

    def _read(self, partition: int, start: int) -> Iterator[DeadLetter]:
        bounds = self.bounds[partition]
        for first in range(max(start, bounds.earliest), bounds.end, SLICE):
            end = min(first + SLICE, bounds.end)
            try:
                found = [
                    read_letter(record)
                    for record in self._reader.read_range(
                        self.name, {partition: first}, {partition: end}, deadline=monotonic() + SLICE_TIMEOUT
                    )
                ]
            except TopicUnavailableError as error:
                raise cannot_read(error, self._cluster) from error
            # Where retention has deleted the slice meanwhile, the reader begins behind it.
            yield from (letter for letter in found if letter.offset >= first)


def _pairs(metadata: str) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in metadata.split(";"))}
