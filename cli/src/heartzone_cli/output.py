"""Text for people and for programs, in the form that all subcommands print it."""

import json
from collections.abc import Mapping
from typing import Any


def sentence(text: str) -> str:
    """End a library's message with a full stop, unless it is a question ("did you mean …?") or has one."""
    return text if text.endswith((".", "?")) else f"{text}."


def json_line(fields: Mapping[str, Any]) -> str:
    """Encode what `--json` prints: one object a line.

    In ASCII: text from records may have lone surrogates, which no output takes, and separators that end a line for some
    readers. Raises ValueError for a number that JSON has not.
    """
    return json.dumps(fields, allow_nan=False)
