"""The lag of a group in one partition, in records and in seconds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from service_chassis.consumer_groups.position import Position


@dataclass(frozen=True, slots=True)
class Lag:
    """`records`: at most so many are left to process. `seconds`: age of the oldest of them; None when not known."""

    records: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest record that is left to process: when it was written, in seconds since the epoch.

    `written` is None where the record has no timestamp; `exists` is False where there is no record left, though there
    are offsets.
    """

    exists: bool
    written: float | None = None


def starts(positions: Mapping[int, Position]) -> dict[int, int]:
    """Where the oldest record is looked for, by partition: wherever something is left."""
    return {partition: at.next_offset for partition, at in positions.items() if at.lag > 0}


def lags(positions: Mapping[int, Position], oldest: Mapping[int, Oldest], *, now: float) -> dict[int, Lag]:
    """Return the lag by partition; `oldest` lacks partitions whose oldest record is not known."""
    return {partition: _lag(at, oldest.get(partition), now) for partition, at in positions.items()}


def _lag(at: Position, oldest: Oldest | None, now: float) -> Lag:
    # Offsets of control records, of aborted transactions and of what was compacted hold nothing to process.
    if at.lag == 0 or (oldest is not None and not oldest.exists):
        return Lag(0, 0.0)
    if oldest is None or oldest.written is None:
        return Lag(at.lag, None)
    # The clock that stamped the record may be ahead of this one.
    return Lag(at.lag, max(0.0, now - oldest.written))
