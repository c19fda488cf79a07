"""The dead letters that a command is about. Pure."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from heartzone_cli.dead_letters.letter import DeadLetter


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Each rule narrows the others down; without any, it is all dead letters."""

    reasons: Set[str] = frozenset()
    partitions: Set[int] = frozenset()
    offsets: Set[int] = frozenset()
    since: datetime | None = None
    """When it became a dead letter: from then on."""
    until: datetime | None = None
    """Before then."""

    def __contains__(self, letter: DeadLetter) -> bool:
        """Whether it is about this one. A time leaves out a letter of which no time is known."""
        if self.since is not None and (letter.time is None or letter.time < self.since):
            return False
        if self.until is not None and (letter.time is None or letter.time >= self.until):
            return False
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.partitions or letter.partition in self.partitions)
            and (not self.offsets or letter.offset in self.offsets)
        )

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it down."""
        return self == Selection()
