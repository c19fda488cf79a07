"""Duplicates: records whose key an earlier one of their partition has, within a window of time.

What was seen has no store of its own. It is a function of the input log, the keys of the window before the position:
read from the log where a partition begins, and kept in memory from then on. So it is the same for every replica, and
after every kill and rebalance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from exactly_once.core.key_window import KeyWindow, fingerprint, window_start
from exactly_once.core.reasons import WaitReason
from exactly_once.core.records import InputRecord, Partition, Scope, Unavailable
from exactly_once.core.rejected_records import RecordId

KeyOf: TypeAlias = Callable[[InputRecord], bytes | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Deduplication:
    """A record is a duplicate when an earlier one of its partition has the same ``key`` and is at most ``window``
    seconds older, by their timestamps; up to a quarter of that later it may still be one.

    The transform never gets it, and its offset is committed like any other's. A record that becomes a dead letter
    counts as seen. ``key`` returns None for a record that has none, which is never a duplicate; it is called on two
    threads, and must not raise. Timestamps of a partition may be out of order by a quarter of the window: beyond that,
    a duplicate may pass.
    """

    key: KeyOf
    window: float

    def __post_init__(self) -> None:
        if not self.window > 0:
            raise ValueError(f"window is {self.window}; give a number of seconds above 0")


class WindowReading(Protocol):
    """A window that is being read."""

    @property
    def window(self) -> KeyWindow:
        """What was read so far."""

    def done(self) -> bool:
        """Whether the window holds all keys before the position."""

    def cancel(self) -> None:
        """Nobody waits for it any more."""


ReadWindow: TypeAlias = Callable[[Partition, int, int], WindowReading]
"""Begins to read the window of a partition, before an offset and from a time on (milliseconds since the epoch)."""


@dataclass(slots=True)
class _Seen:
    window: KeyWindow
    position: int
    """What the group has committed of it: no record before may come again."""
    added: list[tuple[int, bytes, int]] = field(default_factory=list)
    """Offset, fingerprint and timestamp of what the transaction that is under way has added."""


class Deduplicator:
    """Knows the keys before the position of each partition. Belongs to the worker's thread."""

    def __init__(self, policy: Deduplication, read: ReadWindow) -> None:
        self._policy = policy
        self._read = read
        self._seen: dict[Partition, _Seen] = {}
        self._reading: dict[Partition, tuple[int, WindowReading]] = {}
        self._touched: list[_Seen] = []

    def begin(self) -> None:
        """A transaction begins; what the one before has added without being committed is undone."""
        for seen in self._touched:
            _undo(seen, seen.position)
        self._touched.clear()

    def is_duplicate(self, record: InputRecord, identity: RecordId) -> bool:
        """Whether an earlier record has its key; its own key is seen from now on.

        Raises:
            Unavailable: the window before the partition's position is being read.
        """
        kind, timestamp = record.timestamp()
        if not kind:
            return False
        topic, number, offset = identity
        seen = self._seen.get((topic, number))
        if seen is None or offset < seen.position:
            seen = self._begin((topic, number), offset, timestamp)
        key = self._policy.key(record)
        if key is None:
            return False
        mark = fingerprint(key)
        duplicate = seen.window.has(mark, timestamp)
        if seen.window.add(mark, timestamp):
            if not seen.added:
                self._touched.append(seen)
            seen.added.append((offset, mark, timestamp))
        return duplicate

    def committed(self, next_offsets: Mapping[Partition, int]) -> None:
        """What is before these offsets was processed, and is committed."""
        for partition, offset in next_offsets.items():
            seen = self._seen.get(partition)
            if seen is None:
                continue
            _undo(seen, offset)
            if seen.added:
                seen.window.forget_before(seen.added[-1][2])
                seen.added.clear()
            seen.position = offset

    def forget(self, partition: Partition) -> None:
        """The partition goes on elsewhere, or is not ours any more."""
        self._seen.pop(partition, None)
        _, reading = self._reading.pop(partition, (0, None))
        if reading is not None:
            reading.cancel()

    def _begin(self, partition: Partition, offset: int, timestamp: int) -> _Seen:
        """The window before the first record of a partition, which has this offset and timestamp.

        Raises:
            Unavailable: it is being read.
        """
        before, reading = self._reading.get(partition, (offset, None))
        if reading is None or before != offset:
            self.forget(partition)
            reading = self._read(partition, offset, window_start(self._policy.window, timestamp))
            self._reading[partition] = offset, reading
        if not reading.done():
            raise Unavailable(WaitReason.DEDUPLICATION_WINDOW, scope=Scope.PARTITION, ready=reading.done)
        del self._reading[partition]
        seen = self._seen[partition] = _Seen(reading.window, offset)
        return seen


def _undo(seen: _Seen, offset: int) -> None:
    """Take back what records from this offset on have added."""
    while seen.added and seen.added[-1][0] >= offset:
        _, mark, timestamp = seen.added.pop()
        seen.window.remove(mark, timestamp)
