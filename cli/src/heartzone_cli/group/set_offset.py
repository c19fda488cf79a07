"""`heartzone group set-offset`: find the offset, commit it, and watch whether it stands."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import click
from confluent_kafka import TopicPartition

from exactly_once.group_offsets import MoveUnconfirmedError, OffsetNotMovedError, commit_under_no_member
from heartzone_cli.cluster.clients import REQUEST_TIMEOUT, open_admin, open_reader
from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.errors import CannotRunError
from heartzone_cli.group.members import Member, read_members
from heartzone_cli.group.outcome import Outcome, judge
from heartzone_cli.output import json_line, sentence
from service_chassis.consumer_groups.position import Committed, Position, metadata_of
from service_chassis.consumer_groups.reader import GroupReader, GroupUnreadableError

# Exit codes
DONE = 0
NOT_DONE = 1

# Seconds
CONFIRMATION_TIMEOUT = 10.0  # the transaction's end reaches the group's coordinator some moments later
POLL_INTERVAL = 0.25

CAVEAT = (
    "If it is halted there, it goes on from the new offset within seconds; if it is processing the partition, it keeps"
    " to its own position, and overwrites this with its next commit."
)


def run_set_offset(
    topic: str,
    partition: int,
    offset: str | int,
    group_id: str | None,
    data_dir: Path | None,
    *,
    watch: float,
    machine: bool,
) -> int:
    """Move the offset, print the outcome and return the exit code. Raises CannotRunError: nothing was changed."""
    cluster = read_cluster(find_up(data_dir))
    group = group_id or cluster.group_id
    with open_reader(cluster, group) as reader:
        at, partitions = _position(reader, topic, partition)
        # By their number workers tell a partition that is added later from those that have to be given an offset, too.
        metadata = metadata_of(at.topic_id, set_offset=_utc(datetime.now(UTC)), partitions=str(partitions))
        moved = Committed(_target(f"{topic} {partition}", at, offset), metadata)
        members = read_members(open_admin(cluster), group, timeout=REQUEST_TIMEOUT)
        confirmed = _commit(cluster, group, TopicPartition(topic, partition, moved.offset, moved.metadata))
        move = _Move(group, topic, partition, at.committed, moved, members.owners.get((topic, partition)), confirmed)
        if not machine:
            click.echo(move.announcement())
        outcome, now = move.watch(lambda: reader.committed(topic, [partition]).get(partition), watch)
    click.echo(json_line(move.fields(outcome, now)) if machine else move.sentence(outcome, now))
    return NOT_DONE if outcome in (Outcome.OVERWRITTEN, Outcome.UNCONFIRMED) else DONE


def _position(reader: GroupReader, topic: str, partition: int) -> tuple[Position, int]:
    """Where the group is there, and how many partitions the topic has."""
    found = reader.positions(topic)
    if partition in found.unknown:
        raise CannotRunError(f"The offsets of {topic} {partition} cannot be read: {found.unknown[partition]}.")
    if partition not in found.positions:
        raise CannotRunError(
            f"The topic {topic} has no partition {partition}; one of 0 to {len(found.topic.partitions) - 1} would be"
            " right."
        )
    return found.positions[partition], len(found.topic.partitions)


def _target(name: str, at: Position, offset: str | int) -> int:
    if isinstance(offset, str):
        return {"earliest": at.earliest, "latest": at.last_stable}[offset]
    if not at.earliest <= offset <= at.last_stable:
        raise CannotRunError(
            f"Offset {offset} is not in {name}; one from {at.earliest} (earliest) to {at.last_stable} (latest) would be"
            " right."
        )
    return offset


def _commit(cluster: Cluster, group: str, position: TopicPartition) -> bool:
    """Commit the offset; return whether the brokers have confirmed it. Raises CannotRunError: nothing is committed."""
    try:
        commit_under_no_member(group, position, consumer=cluster.consumer, producer=cluster.producer)
    except MoveUnconfirmedError:
        return False
    except OffsetNotMovedError as error:
        raise CannotRunError(sentence(str(error))) from error
    return True


def _utc(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Move:
    """A move that has been committed."""

    group: str
    topic: str
    partition: int
    before: Committed | None
    moved: Committed
    owner: Member | None
    confirmed: bool

    def watch(self, read: Callable[[], Committed | None], seconds: float) -> tuple[Outcome, Committed | None]:
        """Return what has become of the offset once it changes, or when it has stood for so many seconds."""

        def reread() -> Committed | None:
            sleep(POLL_INTERVAL)
            with suppress(GroupUnreadableError):  # it is committed already: the next reading may succeed
                return read()
            return now

        now = self.before
        confirmed_by = monotonic() + CONFIRMATION_TIMEOUT
        while now == self.before and monotonic() < confirmed_by:
            now = reread()
        if now == self.before and not self.confirmed:
            return Outcome.UNCONFIRMED, now
        until = monotonic() + seconds
        while now == self.moved and monotonic() < until:
            now = reread()
        return judge(self.before, self.moved, now), now

    def announcement(self) -> str:
        """Say what was done, and what the owner makes of it."""
        before = "without a committed offset" if self.before is None else f"at {self.before.offset}"
        owner = "No member owns the partition now." if self.owner is None else f"It is owned by {self.owner}. {CAVEAT}"
        return (
            f"Group {self.group}, {self.topic} {self.partition}: set to {self.moved.offset}; it was {before}. {owner}"
        )

    def sentence(self, outcome: Outcome, now: Committed | None) -> str:
        """Say what has become of it."""
        committed = "nothing" if now is None else str(now.offset)
        return {
            Outcome.STANDS: f"The offset {self.moved.offset} stands.",
            Outcome.WENT_ON: f"A worker has gone on from there: {committed} is committed.",
            Outcome.UNCONFIRMED: f"The brokers have not shown the new offset: {committed} is committed.",
            Outcome.OVERWRITTEN: (
                f"The offset did not stand: {committed} is committed. A worker is processing the partition; stop it"
                " first."
            ),
        }[outcome]

    def fields(self, outcome: Outcome, now: Committed | None) -> dict[str, object]:
        """Return what `--json` prints."""
        return {
            "group": self.group,
            "topic": self.topic,
            "partition": self.partition,
            "before": None if self.before is None else self.before.offset,
            "offset": self.moved.offset,
            "outcome": outcome,
            "committed": None if now is None else now.offset,
            "owner": None if self.owner is None else self.owner.fields(),
        }
