"""The value of a record, decoded as far as it goes. Pure."""

import json
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any

from heartzone.wire import BadFrameError, unframe


@dataclass(frozen=True, slots=True)
class Payload:
    """What of a value can be read: `kind` is `none`, `json`, `text` or `bytes`, with `content` in that form.

    Bytes are hexadecimal digits. `schema_id` is None where the value is not in the wire format.
    """

    kind: str
    content: Any
    schema_id: int | None = None

    def fields(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return {"schema_id": self.schema_id, "payload_is": self.kind, "payload": self.content}

    def __str__(self) -> str:
        if self.kind == "json":
            return json.dumps(self.content, ensure_ascii=False, indent=2)
        return "" if self.content is None else str(self.content)


def decode(value: bytes | None) -> Payload:
    """Decode a record's value."""
    if value is None:
        return Payload("none", None)
    schema_id: int | None = None
    content: Any = value
    with suppress(BadFrameError):
        schema_id, content = unframe(value)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Payload("bytes", content.hex(), schema_id)
    try:
        content = json.loads(text, parse_constant=_no_json, parse_float=_float, object_pairs_hook=_object)
        return Payload("json", content, schema_id)
    except (ValueError, RecursionError):
        return Payload("text", text, schema_id)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _float(text: str) -> float:
    """Read a number. Raises ValueError for one that would be shown as another: as text it is shown as it is."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object. Raises ValueError for a name that is there twice, of which only the last would be shown."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found
