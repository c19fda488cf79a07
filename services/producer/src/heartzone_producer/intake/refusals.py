"""Why a body is refused, in words for the person who sent it."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

LONGEST_QUOTE = 60
"""Characters of a value that a sentence repeats at most: an error must not send the body back."""

MOST_ERRORS = 20
"""Errors that one answer lists at most."""


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (a JSON Pointer, RFC 6901) and what would be right."""

    pointer: str
    detail: str


class BodyRefused(Exception):
    """A body that is not accepted; ``errors`` has at least one entry and at most MOST_ERRORS.

    ├── NotJson        it is not JSON text at all, or names a field twice in two casings
    └── InvalidFields  it is JSON, but not the message that was expected
    """

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].detail)
        self.errors = errors[:MOST_ERRORS]


class NotJson(BodyRefused):
    """The body cannot be read as one JSON text."""


class InvalidFields(BodyRefused):
    """The body is JSON and not a valid message."""


def quote(value: Any) -> str:
    """A value as JSON, shortened; ASCII only, so that no part of it can break the answer."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        # Cut before escaping: a megabyte of text must not be rendered to show sixty characters.
        text = json.dumps(value[:LONGEST_QUOTE])
        return f"{text} … ({len(value)} characters)" if len(value) > LONGEST_QUOTE else text
    # What remains is null, a boolean or a number; Decimal and int write themselves as JSON does.
    text = (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or value is True or value is False
        else str(value)
    )
    return f"{text[:LONGEST_QUOTE]} … ({len(text)} characters)" if len(text) > LONGEST_QUOTE else text


def pointer_to(parent: str, name: str) -> str:
    """The JSON Pointer of a field, shortened like a value is."""
    shown = name if len(name) <= LONGEST_QUOTE else f"{name[:LONGEST_QUOTE]}…"
    escaped = shown.replace("~", "~0").replace("/", "~1")
    # A lone surrogate is legal in a JSON string and not in UTF-8.
    return f"{parent}/{escaped.encode(errors='replace').decode()}"
