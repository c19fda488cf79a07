"""Errors of a model as sentences that name the field, the value and what would be right."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any


def sentence(error: Mapping[str, Any], kind: str, fields: Sequence[str]) -> str:
    """Turn one of pydantic's errors into `field value: what would be right`."""
    field = ".".join(str(part) for part in error["loc"]) or kind
    match error["type"]:
        case "missing":
            return f"{field} is missing"
        case "extra_forbidden":
            near = difflib.get_close_matches(str(error["loc"][-1]), fields, n=1)
            return f"{field} is not a field of an {kind}" + (f", did you mean {near[0]}?" if near else "")
        case "string_type" if error["loc"][:2] == ("spec", "config"):
            return f"{field} must be text, write {shown(error['input'])} in quotes"
        case "value_error":
            cause = str(error["ctx"]["error"])
            return (
                f"{field} {cause}"
                if isinstance(error["input"], Mapping)
                else f"{field} {shown(error['input'])}: {cause}"
            )
        case _:
            wanted = str(error["msg"]).replace("Input should be", "must be", 1)
            return f"{field} {wanted}, not {shown(error['input'])}"


def shown(value: object) -> str:
    """Return a value as messages show it: not more than 80 characters of it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
