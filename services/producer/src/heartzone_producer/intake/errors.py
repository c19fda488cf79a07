"""Errors of a body that is not accepted, in words for the person who sent it."""

from collections.abc import Sequence

from heartzone.violations import Violation

MAX_VIOLATIONS = 20
"""Violations that one response lists."""


class InvalidBodyError(Exception):
    """A body that is not accepted; ``violations`` has at least one entry and at most MAX_VIOLATIONS.

    ├── MalformedBodyError   it is not JSON text at all, or has a field in both casings
    └── InvalidMessageError  it is JSON, and not the message that was expected
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(violations[0].detail)
        self.violations = violations


class MalformedBodyError(InvalidBodyError):
    """The body cannot be read as one JSON text, or it is unknown which of two fields counts."""


class InvalidMessageError(InvalidBodyError):
    """The body is JSON and not a valid message."""
