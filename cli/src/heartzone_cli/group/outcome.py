"""Judgement on a moved offset, by what is committed some seconds later. Pure."""

from enum import StrEnum

from service_chassis.consumer_groups.position import Committed


class Outcome(StrEnum):
    """What became of the offset that was set."""

    STANDS = "stands"
    """It is still committed."""
    WENT_ON = "went_on"
    """A worker has processed records from there on, and committed a later offset."""
    UNCONFIRMED = "unconfirmed"
    """The brokers have not shown it."""
    OVERWRITTEN = "overwritten"
    """A worker has committed its own position, which it had before."""


def judge(before: Committed | None, moved: Committed, now: Committed | None) -> Outcome:
    """Compare what was committed before, what was set, and what is committed now.

    After a move back, an offset from the former one on is that of a worker which kept its position: to process
    again everything in between would be faster than a few seconds allow, or nearly nothing.
    """
    if now == moved:
        return Outcome.STANDS
    if now is None or now == before or now.offset < moved.offset:
        return Outcome.OVERWRITTEN
    moved_back = before is not None and moved.offset < before.offset
    kept = before is not None and moved_back and now.offset >= before.offset
    return Outcome.OVERWRITTEN if kept else Outcome.WENT_ON
