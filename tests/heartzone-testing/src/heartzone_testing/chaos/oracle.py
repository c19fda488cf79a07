"""The outcome of each record at a right worker, as a pure rule: a copy, a dead letter, or nothing."""

from enum import Enum, auto


class Outcome(Enum):
    """What becomes of a record."""

    COPIED = auto()
    DEAD = auto()
    NOTHING = auto()


def outcome_of(value: bytes) -> Outcome:
    """Of each hundred numbers one becomes a dead letter, and nine give no output."""
    number = int(value)
    if number % 97 == 0:
        return Outcome.DEAD
    return Outcome.NOTHING if number % 10 == 0 else Outcome.COPIED
