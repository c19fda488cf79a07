"""Position and lag of a consumer group in one partition. Pure."""

from dataclasses import dataclass

_TOPIC_ID = "topic-id"


@dataclass(frozen=True, slots=True)
class Committed:
    """A group's committed offset of a partition, and the text beside it: `key=value` pairs between semicolons."""

    offset: int
    metadata: str = ""

    @property
    def topic_id(self) -> str | None:
        """The id of the topic that the offset belongs to; None where the committer did not write it."""
        pairs = (pair.partition("=") for pair in self.metadata.split(";"))
        return next((value for key, _, value in pairs if key == _TOPIC_ID), None)


def metadata_of(topic_id: str, **more: str) -> str:
    """The text beside a committed offset that names the topic it belongs to; underscores in `more` become hyphens."""
    pairs = {_TOPIC_ID: topic_id, **{key.replace("_", "-"): value for key, value in more.items()}}
    return ";".join(f"{key}={value}" for key, value in pairs.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where a group is in one partition of a topic as it is now."""

    committed: Committed | None
    """None where the group has no committed offset."""
    topic_id: str
    earliest: int
    """The offset of the first record that there is."""
    last_stable: int
    """The last stable offset: nobody who reads committed records gets further."""

    @property
    def is_of_another_topic(self) -> bool:
        """Whether the committed offset belongs to an earlier topic of the same name."""
        return self.committed is not None and self.committed.topic_id not in (None, self.topic_id)

    @property
    def next_offset(self) -> int:
        """The offset of the next record to process: the committed one, or the first where that is not in this topic."""
        if self.committed is None or self.is_of_another_topic:
            return self.earliest
        return self.committed.offset if self.earliest <= self.committed.offset <= self.last_stable else self.earliest

    @property
    def lag(self) -> int:
        """Offsets from the next record to the last stable offset. Some may hold no record, after a transaction or
        compaction, so that there are at most so many to process.
        """
        return self.last_stable - self.next_offset
