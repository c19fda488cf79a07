"""A dead letter as the zone worker writes it: the record, where it came from, and why. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from heartzone.wire import DEAD_LETTER_HEADER_PREFIX, REPLAYS_HEADER

Headers = tuple[tuple[str, bytes | None], ...]


class Record(Protocol):
    """A record of the dead-letter topic, as confluent_kafka.Message presents it."""

    def partition(self) -> int | None:
        """Partition of the dead-letter topic."""

    def offset(self) -> int | None:
        """Offset there."""

    def key(self) -> bytes | None:
        """Key of the record that became a dead letter."""

    def value(self) -> bytes | None:
        """Its value."""

    def headers(self) -> Any:
        """Its headers, and those of the worker behind them: (name, bytes) pairs, None where there are none."""

    def timestamp(self) -> tuple[int, int]:
        """Kind of its timestamp, 0 when there is none, and milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a worker read the record."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A dead letter; what its headers do not say is None, as in one that no zone worker wrote."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    """Those of the record itself."""
    timestamp: datetime | None
    """That of the record itself."""
    source: Source | None
    reason: str | None
    detail: str | None
    time: datetime | None
    """When it became a dead letter; of one without the header, the timestamp of the record."""
    worker: str | None
    version: str | None
    replays: int
    """How often it has been replayed before it became this dead letter."""


def read_letter(record: Record) -> DeadLetter:
    """Read a record of the dead-letter topic. Where a header is there twice, the worker's is the last one."""
    every = tuple(record.headers() or ())
    texts = {
        name.removeprefix(DEAD_LETTER_HEADER_PREFIX): (value or b"").decode(errors="replace")
        for name, value in every
        if name.startswith(DEAD_LETTER_HEADER_PREFIX)
    }
    own = tuple(header for header in every if not header[0].startswith(DEAD_LETTER_HEADER_PREFIX))
    timestamp = _timestamp(record, texts.get("timestamp"))
    return DeadLetter(
        partition=record.partition() or 0,
        offset=record.offset() or 0,
        key=record.key(),
        value=record.value(),
        headers=own,
        timestamp=timestamp,
        source=_source(texts),
        reason=texts.get("reason"),
        detail=texts.get("detail"),
        time=_time(texts.get("time")) or timestamp,
        worker=texts.get("worker"),
        version=texts.get("version"),
        replays=_count(dict(own).get(REPLAYS_HEADER)),
    )


def _source(texts: dict[str, str]) -> Source | None:
    try:
        return Source(texts["topic"], int(texts["partition"]), int(texts["offset"]))
    except (KeyError, ValueError):
        return None


def _timestamp(record: Record, header: str | None) -> datetime | None:
    kind, milliseconds = record.timestamp()
    try:
        if header is not None:
            kind, milliseconds = 1, int(header)
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if kind else None
    except (ValueError, OverflowError, OSError):
        return None


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _count(value: bytes | None) -> int:
    text = (value or b"").decode(errors="replace")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
