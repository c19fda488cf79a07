"""Dead letters by the record that they are of, from their headers. Pure.

They are read ahead of the input, and forgotten when it passes: at most `LIMIT` are kept.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from heartzone_cli.audit.findings import Place

HEADER_PREFIX = "heartzone.dlq."
LIMIT = 500_000


class Letter(NamedTuple):
    """A dead letter: where it is, its reason, and a mark of the bytes that it holds."""

    partition: int
    offset: int
    reason: str
    content: int


class Origin(NamedTuple):
    """The record that a dead letter is of."""

    topic: str
    partition: int
    offset: int


def content_of(key: bytes | None, value: bytes | None) -> int:
    """Return a mark of a record's bytes."""
    return hash((key, value))


def origin_of(headers: Any) -> tuple[Origin, str] | None:
    """Return the record that a dead letter is of, and the reason; None where its headers do not say.

    The last header of each name counts: a dead letter that was sent again has those of the first time before.
    """
    found: Mapping[str, bytes | None] = dict(headers or ())
    try:
        topic, partition, offset, reason = (
            (found[HEADER_PREFIX + name] or b"").decode() for name in ("topic", "partition", "offset", "reason")
        )
        return Origin(topic, int(partition), int(offset)), reason
    except (KeyError, ValueError):
        return None


class DeadLetters:
    """The dead letters of records that were not read yet."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._letters: dict[int, dict[int, Letter]] = {}
        self._kept = 0

    @property
    def full(self) -> bool:
        """Whether no more should be read for now."""
        return self._kept >= LIMIT

    def add(self, origin: Origin, letter: Letter) -> bool:
        """Keep a dead letter; False when there is one of its record already."""
        letters = self._letters.setdefault(origin.partition, {})
        if origin.offset in letters:
            return False
        letters[origin.offset] = letter
        self._kept += 1
        return True

    def take(self, partition: int, offset: int) -> Letter | None:
        """Return the dead letter of a record, which is passed now."""
        letters = self._letters.get(partition)
        if not letters:
            return None
        letter = letters.pop(offset, None)
        if letter is not None:
            self._kept -= 1
        return letter

    def take_all(self) -> list[tuple[int, int, Letter]]:
        """Return those of which no record was read, by partition and offset."""
        left = [
            (partition, offset, letter)
            for partition, letters in self._letters.items()
            for offset, letter in sorted(letters.items())
        ]
        self._letters.clear()
        self._kept = 0
        return left

    def take_before(self, partition: int, offset: int) -> list[tuple[int, int, Letter]]:
        """Return those of a partition whose record should have been read."""
        letters = self._letters.get(partition, {})
        taken = [(partition, each, letters.pop(each)) for each in sorted(letters) if each < offset]
        self._kept -= len(taken)
        return taken

    def place(self, letter: Letter) -> Place:
        """Return where a dead letter is."""
        return Place(self.topic, letter.partition, letter.offset)
