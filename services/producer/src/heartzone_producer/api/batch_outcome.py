"""The response to a batch: how many messages were stored, and of each other one, whether to send it again.

The model is the partial success of OTLP, which tells no client to send a whole batch again.
"""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from heartzone.violations import Violation
from heartzone_producer.api.authentication import ForbiddenDeviceError
from heartzone_producer.api.problems import ProblemKind
from heartzone_producer.intake.errors import MAX_VIOLATIONS, InvalidBodyError, MalformedBodyError
from heartzone_producer.writing.errors import NotAcknowledgedError, RecordTooLargeError

FURTHER_VIOLATIONS = 1_000
"""Violations of a response at most, beside the first one of each item."""


ItemFailure: TypeAlias = InvalidBodyError | ForbiddenDeviceError | NotAcknowledgedError


class ItemError(Struct, frozen=True):
    """One thing that is wrong with the item at ``index``, counted from 0."""

    index: int
    pointer: str
    detail: str


class ItemOutcome(Struct, frozen=True):
    """An item that was not stored: the status that it would have had alone, and whether to send it again."""

    index: int
    status: int
    retryable: bool
    errors: Sequence[Violation]


class BatchOutcome(Struct):
    """The response to a batch; ``items`` has all that were not stored, ``errors`` their first MAX_VIOLATIONS."""

    accepted: int = 0
    refused: int = 0
    errors: list[ItemError] = []
    items: list[ItemOutcome] = []

    @property
    def status(self) -> int:
        """The status of the response."""
        return 207 if self.refused else 202

    def reject(self, index: int, error: ItemFailure) -> None:
        """Count an item as not stored, and say why."""
        kind = _kind(error)
        violations = (
            error.violations
            if isinstance(error, InvalidBodyError | ForbiddenDeviceError)
            else [Violation("", str(error))]
        )
        self.refused += 1
        self.items.append(ItemOutcome(index, kind.status, kind is ProblemKind.UNAVAILABLE, violations))

    def complete(self) -> None:
        """Put the items in order, and leave out what would make the response too large."""
        self.items.sort(key=lambda item: item.index)
        room = FURTHER_VIOLATIONS
        for position, item in enumerate(self.items):
            shown = item.errors[: 1 + room]
            room -= len(shown) - 1
            if len(shown) < len(item.errors):
                self.items[position] = ItemOutcome(item.index, item.status, item.retryable, shown)
            for violation in item.errors[: MAX_VIOLATIONS - len(self.errors)]:
                self.errors.append(ItemError(item.index, violation.pointer, violation.detail))


def _kind(error: ItemFailure) -> ProblemKind:
    match error:
        case MalformedBodyError():
            return ProblemKind.MALFORMED
        case InvalidBodyError():
            return ProblemKind.INVALID_MESSAGE
        case ForbiddenDeviceError():
            return error.kind
        case RecordTooLargeError():
            return ProblemKind.TOO_LARGE
        case _:
            return ProblemKind.UNAVAILABLE
