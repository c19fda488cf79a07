"""The start of a partition: what its group has committed, or what a policy says where that cannot be used."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from exactly_once.core.offset_metadata import partitions_of, topic_id_of
from exactly_once.core.reasons import HaltReason


class MissingOffsets(StrEnum):
    """Where a partition starts for which its group has no committed offset."""

    EARLIEST = "earliest"
    LATEST = "latest"
    STOP = "stop"


class OutOfRange(StrEnum):
    """Where a partition goes on whose committed offset is no longer in its topic."""

    STOP = "stop"
    EARLIEST = "earliest"
    LATEST = "latest"


class StartKind(StrEnum):
    """How a start was found."""

    COMMITTED = "committed"
    """At the committed offset."""
    MISSING = "missing"
    """The group has no committed offset: the policy for missing offsets decided."""
    NEW_PARTITION = "new_partition"
    """The group has none for this partition, but has for others of the topic that do not know it: its beginning."""
    NEW_TOPIC = "new_topic"
    """The committed offset is of an earlier topic of the same name: its beginning."""
    OUT_OF_RANGE = "out_of_range"
    """The committed offset is not in the topic: the policy for offsets out of range decided."""
    MOVED = "moved"
    """At the committed offset, which a person has moved while the partition was halted."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A group's committed offset of a partition, and the text that is kept with it."""

    offset: int
    metadata: str = ""

    @property
    def topic_id(self) -> str | None:
        """Id of the topic that the offset belongs to, None where it is not known."""
        return topic_id_of(self.metadata)

    @property
    def partitions(self) -> int | None:
        """How many partitions the topic had when it was committed, None where it is not known."""
        return partitions_of(self.metadata)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The offsets of a partition: of its first record, of the next one to be written, and the last stable one."""

    earliest: int
    latest: int
    stable: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What the brokers say about a partition that is to start.

    ``known_topic``: the group has offsets of this topic, or of an earlier one of its name. ``is_new``: what is kept
    with them proves that the partition was not there then, or that it was; None where it proves neither.
    ``partitions``: how many the topic has.
    """

    committed: Committed | None
    bounds: Bounds
    topic_id: str | None
    known_topic: bool
    is_new: bool | None = None
    partitions: int | None = None


def is_new(number: int, topic_id: str | None, committed: Iterable[Committed]) -> bool | None:
    """Whether a partition was not there yet when these offsets of a group, of one topic, were committed.

    Partitions are added behind the others. All of an earlier topic of the name are others than those of this one.
    None where the offsets do not show it.
    """
    offsets = list(committed)
    of_this = [each.partitions for each in offsets if each.topic_id == topic_id and each.partitions is not None]
    of_others = any(each.topic_id not in (None, topic_id) for each in offsets)
    if of_this:
        return all(partitions <= number for partitions in of_this)
    return True if of_others else None


@dataclass(frozen=True, slots=True)
class Start:
    """Go on at this offset."""

    offset: int
    kind: StartKind


@dataclass(frozen=True, slots=True)
class Halt:
    """Do not go on before something is changed."""

    reason: HaltReason
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StartPolicy:
    """What to do where the group's committed offset cannot be used."""

    missing_offsets: MissingOffsets
    offset_out_of_range: OutOfRange

    def decide(self, found: Finding) -> Start | Halt:
        """Decide where a partition starts."""
        committed, bounds = found.committed, found.bounds
        if committed is None:
            return self._missing(found)
        if committed.topic_id is not None and found.topic_id is not None and committed.topic_id != found.topic_id:
            return Start(bounds.earliest, StartKind.NEW_TOPIC)
        if bounds.earliest <= committed.offset <= bounds.latest:
            return Start(committed.offset, StartKind.COMMITTED)
        return self._out_of_range(committed.offset, bounds)

    def _missing(self, found: Finding) -> Start | Halt:
        bounds = found.bounds
        # That others of the topic have an offset does not show that this one never had any: a person who has to give
        # each an offset gives one to the first, and where a group starts, the first of its members commits the first.
        unproven = found.is_new is None and found.known_topic
        if found.is_new or (unproven and self.missing_offsets is not MissingOffsets.STOP):
            return Start(bounds.earliest, StartKind.NEW_PARTITION)
        if self.missing_offsets is MissingOffsets.STOP:
            return Halt(
                HaltReason.OFFSET_MISSING,
                f"the group has no committed offset; the partition holds offsets {bounds.earliest} to {bounds.latest}",
            )
        latest = self.missing_offsets is MissingOffsets.LATEST
        return Start(bounds.latest if latest else bounds.earliest, StartKind.MISSING)

    def _out_of_range(self, offset: int, bounds: Bounds) -> Start | Halt:
        if self.offset_out_of_range is OutOfRange.STOP:
            return Halt(
                HaltReason.OFFSET_OUT_OF_RANGE,
                f"the committed offset {offset} is not in the topic, which holds {bounds.earliest} to {bounds.latest};"
                " going on would lose or repeat records",
            )
        latest = self.offset_out_of_range is OutOfRange.LATEST
        return Start(bounds.latest if latest else bounds.earliest, StartKind.OUT_OF_RANGE)
