"""Partitions whose readers wait behind an open transaction, and those for which no coordinator will end it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from heartzone_cli.cluster.clients import REQUEST_TIMEOUT

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Held:
    """A partition whose committed records end at `last_stable`, though there are offsets up to `end`."""

    topic: str
    partition: int
    last_stable: int
    end: int
    hanging: bool = False
    """Whether no coordinator knows of a transaction there (KIP-664)."""

    def fields(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "last_stable": self.last_stable,
            "end": self.end,
            "hanging": self.hanging,
        }


def read_held(admin: AdminClient, partitions: Collection[Partition]) -> dict[Partition, Held]:
    """Return those of these partitions that are held; one that cannot be read is left out."""
    # The end first: it only grows, so that a last stable offset below it is none of what came in between.
    end, last_stable = (
        _offsets(admin, partitions, isolation)
        for isolation in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)
    )
    return {
        each: Held(*each, last_stable[each], end[each])
        for each in partitions
        if each in end and each in last_stable and last_stable[each] < end[each]
    }


def hanging(
    before: Iterable[Held], now: dict[Partition, Held], known: Collection[Partition], *, complete: bool = True
) -> list[Held]:
    """Return what was held, and whether it hangs: it is held at the same offset still, and nobody knows of it.

    Nothing is said to hang unless `known` is `complete`: a transaction that is only unreadable here must not be aborted
    over its coordinator's head.

    `before` was read before what the coordinators know was, and `now` after that: an ordinary transaction is known, or
    has ended meanwhile.
    """
    found = []
    for each in before:
        key = (each.topic, each.partition)
        is_same = key in now and now[key].last_stable == each.last_stable
        if key in known or is_same:
            found.append(Held(*key, each.last_stable, each.end, complete and key not in known))
    return found


def _offsets(admin: AdminClient, partitions: Collection[Partition], isolation: IsolationLevel) -> dict[Partition, int]:
    if not partitions:
        return {}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    futures = admin.list_offsets(
        {TopicPartition(*each): latest for each in partitions},
        isolation_level=isolation,
        request_timeout=REQUEST_TIMEOUT,
    )
    found = {}
    for at, future in futures.items():
        try:
            found[at.topic, at.partition] = future.result().offset
        except KafkaException:
            continue
    return found
