"""The form of a poison record in the dead-letter topic: the original, and why it is there."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from exactly_once.core.records import InputRecord, OutputRecord, PoisonRecord

_NAMES = ("topic", "partition", "offset", "reason", "detail", "time", "worker", "version", "timestamp")


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """The topic of dead letters; each header that is added begins with ``header_prefix``.

    ``worker`` and ``version`` say who writes them, and become headers where they are given; ``clock`` returns seconds
    since the epoch.
    """

    name: str
    header_prefix: str
    worker: str | None = None
    version: str | None = None
    clock: Callable[[], float] = time.time

    def dead_letter(self, record: InputRecord, poison: PoisonRecord, *, own_timestamp: bool = True) -> OutputRecord:
        """The dead letter of a record: its bytes, key, timestamp and headers, followed by headers of our own.

        These are ``topic``, ``partition``, ``offset`` (where it came from), ``reason`` (a short constant), ``detail``
        (a sentence), ``time`` (when it became a dead letter, in RFC 3339), ``worker`` and ``version`` (of what wrote
        it), all UTF-8 text. Without ``own_timestamp``, which topics may reject, the dead letter has the time at which
        it is written, and a header ``timestamp`` that of the record, in milliseconds since the epoch. Headers of these
        names that the record has, as one that was a dead letter before, give way: each name is there once.
        """
        timestamp_type, timestamp = record.timestamp()
        origin = [
            ("topic", record.topic()),
            ("partition", record.partition()),
            ("offset", record.offset()),
            ("reason", poison.reason),
            ("detail", poison.detail),
            ("time", _rfc3339(self.clock())),
        ]
        origin += [(name, text) for name, text in (("worker", self.worker), ("version", self.version)) if text]
        if not own_timestamp:
            origin.append(("timestamp", timestamp))
        replaced = {self.header_prefix + name for name in _NAMES}
        added = [(self.header_prefix + name, str(value).encode()) for name, value in origin]
        return OutputRecord(
            topic=self.name,
            value=record.value(),
            key=record.key(),
            headers=[*(each for each in record.headers() or () if each[0] not in replaced), *added],
            timestamp=timestamp if timestamp_type and own_timestamp else 0,
        )


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
