"""The record that is sent for a dead letter, and the reasons not to send one. Pure."""

from collections.abc import Collection
from enum import StrEnum

from exactly_once.core.records import OutputRecord
from heartzone.wire import IDEMPOTENCY_KEY_HEADER, REPLAYS_HEADER
from heartzone_cli.dead_letters.letter import DeadLetter

_REPLAY = b"/replay-"
"""Between the original idempotency key and what tells the replay: its count, and the offset that it was read at."""


class LeftOut(StrEnum):
    """Reasons for which a selected dead letter is not replayed; it stays as it is."""

    TOO_MANY_REPLAYS = "too_many_replays"
    """It has come back as often as `--max-replays` admits."""
    OTHER_TOPIC = "other_topic"
    """It does not come from the topic of readings: a header is no reason to write to any topic that it names."""


def reason_to_leave_out(letter: DeadLetter, *, topic: str, max_replays: int) -> LeftOut | None:
    """Say why it is not replayed; None when it is. `topic` is the one that workers read."""
    if letter.source is None or letter.source.topic != topic:
        return LeftOut.OTHER_TOPIC
    return LeftOut.TOO_MANY_REPLAYS if letter.replays >= max_replays else None


def replayed(letter: DeadLetter, *, topic: str, partitions: Collection[int]) -> OutputRecord:
    """Return the record to send to `topic`: key, value and headers of the original, and how often it was replayed.

    It goes to the partition that it was read from, whichever partitioner its writer used, so that it stays with its
    device. Its timestamp is new: latency and the age of what waits are those of the replay, and the topic's retention
    does not delete it as old. So is its idempotency key, as an older record has the original one, and workers would
    leave the replay out; it is the same for each replay of the same letter, and of no other: a client may use a key
    again after the workers' window, and its letters may be replayed within one.
    """
    count = letter.replays + 1
    source = letter.source
    headers: list[tuple[str, bytes | None]] = []
    for name, value in letter.headers:
        if name == REPLAYS_HEADER:
            continue
        if name == IDEMPOTENCY_KEY_HEADER and value:
            original = value.rpartition(_REPLAY)[0] or value if letter.replays else value
            headers.append((name, b"%b%b%d-%d" % (original, _REPLAY, count, source.offset if source else 0)))
        else:
            headers.append((name, value))
    headers.append((REPLAYS_HEADER, b"%d" % count))
    partition = source.partition if source is not None and source.partition in partitions else -1
    return OutputRecord(topic, letter.value, letter.key, headers, partition=partition)
