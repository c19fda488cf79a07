"""The partitions that the group has assigned to this member, and the state of each.

A partition is first located: its start is looked up. Then it is fetched. One that cannot go on is set aside alone, and
is tried again later; the others are fetched meanwhile. docs/states.md shows it.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from exactly_once.core.batching import backoff
from exactly_once.core.offset_metadata import offset_metadata
from exactly_once.core.positions import Positions
from exactly_once.core.records import Partition
from exactly_once.core.start_offset import Committed, Finding, Halt, StartKind, StartPolicy

LOOK_AGAIN = 5.0
"""Seconds between two looks at the committed offset of a halted partition, which a person may have moved."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that the partition needs is unavailable; ``ready`` returns True once another try is worth it."""

    reason: str
    ready: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The brokers do not say yet where a partition starts, because of ``reason``."""

    reason: str


@dataclass(slots=True)
class _Partition:
    position: int | None = None
    """Where it goes on while it is not fetched, None while that has to be looked up."""
    fetched: bool = False
    trouble: Wait | Halt | None = None
    """Kept while it is tried again, until something is processed, or nothing is left to process."""
    attempts: int = 0
    try_at: float = 0.0
    lookup_at: float = 0.0
    looking: bool = False
    topic_id: str | None = None
    """Id of the topic that ``position``, or what is fetched, belongs to."""
    partitions: int | None = None
    """How many that topic had when the start was looked up."""
    committed: Committed | None = None
    """What the group has committed, as far as we have seen or done it: anything else is a person's command."""


class Assignment:
    """What is assigned to this member; times are those of a monotonic clock, in seconds."""

    def __init__(
        self, positions: Positions, policy: StartPolicy, seen: dict[Partition, list[str]] | None = None
    ) -> None:
        self._seen = {} if seen is None else seen
        """Ids of the topics that positions of this process have belonged to, also of partitions that it has lost."""
        self._positions = positions
        self._policy = policy
        self._partitions: dict[Partition, _Partition] = {}

    @property
    def troubles(self) -> dict[Partition, Wait | Halt]:
        """Partitions that wait or are halted; other threads may ask."""
        return {name: each.trouble for name, each in list(self._partitions.items()) if each.trouble is not None}

    @property
    def partitions(self) -> list[Partition]:
        """What is assigned to this member."""
        return list(self._partitions)

    @property
    def unsettled(self) -> bool:
        """True while a start is looked up, or a partition may be tried again at any moment."""
        return any(
            not each.fetched and (each.trouble is None or (isinstance(each.trouble, Wait) and each.trouble.ready))
            for each in self._partitions.values()
        )

    @property
    def standstill(self) -> str | None:
        """What the partitions wait for when there are some and each of them waits, otherwise None; also for threads."""
        troubles = [each.trouble for each in list(self._partitions.values())]
        waits = [trouble.reason for trouble in troubles if isinstance(trouble, Wait)]
        return waits[0] if waits and len(waits) == len(troubles) else None

    def own(self, partitions: Iterable[Partition]) -> None:
        """The group has assigned these partitions to us."""
        for partition in partitions:
            self._partitions[partition] = _Partition()

    def drop(self, partitions: Iterable[Partition]) -> list[Partition]:
        """These are not ours any more; returns those that were fetched."""
        dropped = list(partitions)
        self._positions.drop(dropped)
        states = {each: self._partitions.pop(each, None) for each in dropped}
        return [each for each, state in states.items() if state is not None and state.fetched]

    def topic_id(self, partition: Partition) -> str | None:
        """Id of the topic that the position of a partition belongs to, None where the brokers gave none."""
        each = self._partitions.get(partition)
        return each.topic_id if each is not None else None

    def offset_metadata(self, partition: Partition) -> str:
        """What is kept with the committed offset of a partition."""
        each = self._partitions.get(partition)
        return offset_metadata(each.topic_id, each.partitions) if each is not None else ""

    def of_another_topic(self, topic_ids: Mapping[str, str | None]) -> list[Partition]:
        """Partitions whose position belongs to a topic with another id than the topic of this name has now."""
        return [
            name
            for name, each in self._partitions.items()
            # One that is being located has no position that could be wrong.
            if each.position is not None or each.fetched
            if each.topic_id is not None and topic_ids.get(name[0]) not in (None, each.topic_id)
        ]

    def to_look_up(self, now: float) -> list[Partition]:
        """The partitions whose start is to be looked up now; ``found`` or ``not_found`` follows for each."""
        wanted = [
            name
            for name, each in self._partitions.items()
            if not each.fetched and not each.looking and each.lookup_at <= now
        ]
        for name in wanted:
            self._partitions[name].looking = True
        return wanted

    def found(self, partition: Partition, finding: Finding, now: float) -> StartKind | None:
        """The brokers have said where a partition stands; returns how its start was found, None while it has none."""
        each = self._partitions.get(partition)
        if each is None or not each.looking:
            return None  # looked up for an earlier assignment of the partition, or before it was fetched
        each.looking, each.lookup_at = False, now + LOOK_AGAIN
        recreated = self._is_another_topic(partition, finding.topic_id)
        moved = self._is_moved(each, finding.committed)
        if each.position is not None and not recreated and not moved:
            self._positions.update_stable_offsets({partition: finding.bounds.stable})
            return None
        self._positions.drop([partition])
        outcome = self._policy.decide(replace(finding, is_new=True) if recreated else finding)
        each.topic_id, each.partitions, each.committed = finding.topic_id, finding.partitions, finding.committed
        if finding.topic_id is not None:
            ids = self._seen.setdefault(partition, [])
            if finding.topic_id not in ids[-1:]:
                ids.append(finding.topic_id)
        if isinstance(outcome, Halt):
            each.position, each.trouble, each.try_at = None, outcome, math.inf
            return None
        each.position, each.try_at, each.attempts = outcome.offset, now, 0
        if recreated or not moved:
            each.trouble = None
        self._positions.hold(partition, outcome.offset)
        self._positions.update_stable_offsets({partition: finding.bounds.stable})
        if outcome.kind is StartKind.COMMITTED and _says_all(finding):
            self._positions.committed({partition: outcome.offset})
        if recreated:
            return StartKind.NEW_TOPIC
        return StartKind.MOVED if moved else outcome.kind

    def not_found(self, partition: Partition, missing: NotKnown, now: float) -> None:
        """The brokers did not say where a partition stands: look again, soon at first."""
        each = self._partitions.get(partition)
        if each is None or not each.looking:
            return
        each.looking, each.attempts = False, each.attempts + 1
        each.lookup_at = now + backoff(each.attempts - 1, maximum=1.0)
        if each.position is None and each.attempts > 2 and not isinstance(each.trouble, Halt):
            each.trouble = Wait(missing.reason)

    def to_fetch(self, now: float) -> dict[Partition, int]:
        """The partitions that are fetched from now on, and from which offset."""
        starts = {
            name: each.position
            for name, each in self._partitions.items()
            if not each.fetched and each.position is not None and (each.try_at <= now or _is_ready(each.trouble))
        }
        for name in starts:
            self._partitions[name].fetched, self._partitions[name].looking = True, False
        self._positions.fetch(starts)
        return starts

    def set_aside(self, partition: Partition, trouble: Wait | Halt, now: float) -> None:
        """A partition that is fetched cannot go on at its position.

        One that waits is tried again after a back-off, or once it is ready; one that is halted after a longer one, and
        once the group's committed offset is moved.
        """
        each = self._partitions[partition]
        each.fetched, each.position = False, self._positions.fetched[partition]
        self._positions.hold(partition, each.position)
        each.trouble, each.attempts, each.lookup_at = trouble, each.attempts + 1, now
        if isinstance(trouble, Wait):
            each.try_at, each.lookup_at = now + backoff(each.attempts - 1), now + LOOK_AGAIN
        else:
            each.try_at = now + backoff(each.attempts - 1, first=LOOK_AGAIN, maximum=60.0)

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """Everything before these offsets is processed and committed, also where a partition is not fetched now."""
        for partition, offset in next_offsets.items():
            each = self._partitions.get(partition)
            if each is None:
                continue
            each.committed = Committed(offset, self.offset_metadata(partition))
            if each.fetched:
                each.trouble, each.attempts = None, 0
            elif each.position is not None:
                each.position = offset
                self._positions.hold(partition, offset)
        self._positions.advance({each: offset for each, offset in next_offsets.items() if each in self._partitions})

    def pass_control_records(self) -> None:
        """No fetched record is unprocessed: what was in the way at the ends of partitions is in the way no more."""
        for partition in self._positions.pass_control_records():
            each = self._partitions[partition]
            each.trouble, each.attempts = None, 0

    def locate(self, partition: Partition, now: float) -> None:
        """Find the start of a partition anew: its offset is not in the topic, or the topic is another one."""
        before = self._partitions.get(partition)
        if before is None:
            return
        self._positions.drop([partition])
        self._partitions[partition] = _Partition(lookup_at=now, trouble=before.trouble, topic_id=before.topic_id)

    def suspend(self, now: float) -> list[Partition]:
        """Fetch nothing for the time being; returns what was fetched. ``to_fetch`` ends it."""
        fetched = [name for name, each in self._partitions.items() if each.fetched]
        for name in fetched:
            each = self._partitions[name]
            each.fetched, each.position, each.try_at = False, self._positions.fetched[name], now
            each.lookup_at = now + LOOK_AGAIN
            self._positions.hold(name, each.position)
        return fetched

    def _is_another_topic(self, partition: Partition, topic_id: str | None) -> bool:
        """Whether this process has known the topic under another id: brokers forget offsets with the topic."""
        if topic_id is None:
            return False
        known = self._seen.get(partition)
        if known is not None:
            return known[-1] != topic_id
        return any(ids != [topic_id] for (topic, _), ids in self._seen.items() if topic == partition[0])

    def _is_moved(self, each: _Partition, committed: Committed | None) -> bool:
        """Whether a person has moved the committed offset of a partition since it was set aside."""
        if each.position is None or each.trouble is None:
            return False
        return committed != each.committed


def _says_all(finding: Finding) -> bool:
    """Whether there is nothing to add beside the committed offset."""
    committed = finding.committed
    return committed is not None and committed.topic_id is not None and committed.partitions == finding.partitions


def _is_ready(trouble: Wait | Halt | None) -> bool:
    return isinstance(trouble, Wait) and trouble.ready is not None and trouble.ready()
