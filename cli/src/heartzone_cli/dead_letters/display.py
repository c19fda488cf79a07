"""A dead letter for people and for programs. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from exactly_once import Reason
from heartzone_cli.dead_letters.letter import DeadLetter
from heartzone_cli.dead_letters.payload import decode

HEADER = ("letter", "time", "reason", "from", "replays", "detail")


def place(letter: DeadLetter) -> str:
    """Name the letter by its partition and offset."""
    return f"{letter.partition}/{letter.offset}"


def row(letter: DeadLetter) -> Sequence[str]:
    """Return its line in a table."""
    source = letter.source
    return (
        place(letter),
        _utc(letter.time) or "-",
        _line(letter.reason or "-"),
        "-" if source is None else _line(f"{source.topic} {source.partition}/{source.offset}"),
        str(letter.replays),
        _line(letter.detail or ""),
    )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)).rstrip() for each in rows]


def fields(letter: DeadLetter, *, handled: bool) -> dict[str, Any]:
    """Return what `list --json` prints of it: nothing of the payload."""
    source = letter.source
    return {
        "partition": letter.partition,
        "offset": letter.offset,
        "time": _utc(letter.time),
        "reason": letter.reason,
        "detail": letter.detail,
        "source": None
        if source is None
        else {"topic": source.topic, "partition": source.partition, "offset": source.offset},
        "worker": letter.worker,
        "version": letter.version,
        "key": _text(letter.key),
        "timestamp": _utc(letter.timestamp),
        "replays": letter.replays,
        "handled": handled,
    }


def full_fields(letter: DeadLetter, *, handled: bool) -> dict[str, Any]:
    """Return what `show --json` prints of it: headers and payload, too."""
    headers = [{"name": name, "value": _text(value)} for name, value in letter.headers]
    return {**fields(letter, handled=handled), "headers": headers, **decode(letter.value).fields()}


def page(letter: DeadLetter, reasons: Mapping[str, Reason], *, handled: bool) -> str:
    """Return everything of it as text."""
    source, payload, known = letter.source, decode(letter.value), reasons.get(letter.reason or "")
    lines = [
        ("dead letter", f"{place(letter)}{' (replayed or dropped already)' if handled else ''}"),
        ("reason", letter.reason),
        ("meaning", known and known.meaning),
        ("remedy", known and known.remedy),
        ("detail", letter.detail),
        ("time", _utc(letter.time)),
        ("worker", letter.worker and f"{letter.worker}{f' {letter.version}' if letter.version else ''}"),
        ("from", None if source is None else f"{source.topic}, partition {source.partition}, offset {source.offset}"),
        ("timestamp", _utc(letter.timestamp)),
        ("replays", str(letter.replays)),
        ("key", _text(letter.key)),
        *(("header", f"{name}: {_text(value)}") for name, value in letter.headers),
        ("schema id", None if payload.schema_id is None else str(payload.schema_id)),
        (
            "payload",
            {"none": "none: a tombstone", "bytes": "bytes, in hexadecimal digits"}.get(payload.kind, payload.kind),
        ),
    ]
    head = [f"{name:<12} {_line(text)}" for name, text in lines if text is not None]
    return "\n".join([*head, *map(_line, str(payload).splitlines())])


def counted(reasons: Iterable[str | None]) -> str:
    """Count reasons for people, the most frequent first."""
    counts = Counter(reason or "unknown" for reason in reasons)
    return by_reason(counts)


def by_reason(counts: Mapping[str, int]) -> str:
    """Write counts for people, the largest first."""
    return ", ".join(
        f"{reason} {count}" for reason, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    )


def _utc(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _line(text: str) -> str:
    """Return it without what a terminal would act on: headers may have been written by anybody."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
