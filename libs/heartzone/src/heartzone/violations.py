"""Violations: what is wrong with a JSON document, in words for the person who wrote it."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

MAX_QUOTE = 60
"""Characters of a value that a sentence repeats: an error must not send the document back."""


class Violation(Struct, frozen=True):
    """One thing that is wrong: where (a JSON Pointer, RFC 6901; empty is the whole document), and what was expected."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


class InvalidDocumentError(ValueError):
    """A document that is not the message it should be.

    ``violations`` has at least one entry. ``ambiguous`` says that a field is there in two spellings, so that it is
    unknown which one counts.
    """

    def __init__(self, violations: Sequence[Violation], *, ambiguous: bool = False) -> None:
        super().__init__(str(violations[0]))
        self.violations = violations
        self.ambiguous = ambiguous


def quote(value: Any) -> str:
    """A value as JSON, shortened; ASCII only, so that no part of it can break a response or a header."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        # Cut before escaping: a megabyte of text must not be rendered to show sixty characters.
        return _shortened(json.dumps(value[:MAX_QUOTE]), len(value))
    # What remains is null, a boolean or a number; Decimal and int write themselves as JSON does.
    text = {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))
    return _shortened(text[:MAX_QUOTE], len(text))


def kind_of(value: Any) -> str:
    """What JSON calls a value, for sentences that must not repeat it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a text"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return "a number"


def pointer_to(parent: str, name: str) -> str:
    """The JSON Pointer of a field, its name shortened like a value."""
    shown = name if len(name) <= MAX_QUOTE else f"{name[:MAX_QUOTE]}…"
    escaped = shown.replace("~", "~0").replace("/", "~1")
    # A lone surrogate is legal in a JSON string and not in UTF-8.
    return f"{parent}/{escaped.encode(errors='replace').decode()}"


def _shortened(start: str, length: int) -> str:
    return f"{start} … ({length} characters)" if length > MAX_QUOTE else start
