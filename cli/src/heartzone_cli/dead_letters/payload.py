"""The value of a record, decoded as far as it goes. Pure."""

import json
from contextlib import suppress
from dataclasses import dataclass
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
    content = value
    with suppress(BadFrameError):
        schema_id, content = unframe(value)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Payload("bytes", content.hex(), schema_id)
    try:
        return Payload("json", json.loads(text, parse_constant=_no_json), schema_id)
    except (ValueError, RecursionError):
        return Payload("text", text, schema_id)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
