"""The record that is sent for a dead letter, and the reasons not to send one. Pure."""

from collections.abc import Collection
from enum import StrEnum

from exactly_once.core.records import OutputRecord
from heartzone.wire import IDEMPOTENCY_KEY_HEADER, REPLAYS_HEADER
from heartzone_cli.dead_letters.letter import DeadLetter


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
    leave the replay out; it is the same for each replay of the same letter.
    """
    count = letter.replays + 1
    headers: list[tuple[str, bytes | None]] = []
    for name, value in letter.headers:
        if name == REPLAYS_HEADER:
            continue
        headers.append((name, b"%b/replay-%d" % (value, count) if name == IDEMPOTENCY_KEY_HEADER and value else value))
    headers.append((REPLAYS_HEADER, b"%d" % count))
    source = letter.source
    partition = source.partition if source is not None and source.partition in partitions else -1
    return OutputRecord(topic, letter.value, letter.key, headers, partition=partition)
