"""`heartzone group status`: each partition of a group, as a table or as one JSON object a line."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import time
from typing import Any

import click

from heartzone_cli.cluster.clients import REQUEST_TIMEOUT, open_admin, open_reader
from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.errors import CannotRunError
from heartzone_cli.group.members import Members, read_members
from heartzone_cli.group.partition_state import fields, remark
from heartzone_cli.output import json_line
from service_chassis.consumer_groups.lag import Lag, Oldest, lags, starts
from service_chassis.consumer_groups.oldest_records import OldestRecords
from service_chassis.consumer_groups.reader import GroupPositions

HEADER = ("topic", "partition", "committed", "last stable", "lag", "seconds", "owner", "")
NUMBERS = range(1, 6)  # columns to the right


def run_status(group_id: str | None, data_dir: Path | None, *, machine: bool) -> None:
    """Print the state of each partition. Raises CannotRunError, also when there is nothing of such a group."""
    cluster = read_cluster(find_up(data_dir))
    group = group_id or cluster.group_id
    with open_reader(cluster, group) as reader:
        committed = reader.topics()
        members = read_members(open_admin(cluster), group, timeout=REQUEST_TIMEOUT)
        topics = {*committed, *(topic for topic, _ in members.owners)}
        if not topics and group == cluster.group_id:
            topics = {cluster.topics.biometrics}
        if not topics:
            raise CannotRunError(f"The group {group} has no members and no committed offsets.")
        found = [reader.positions(topic) for topic in sorted(topics)]
    behind = {each.topic.name: _lags(cluster, group, each) for each in found}
    if machine:
        for each in found:
            for line in _lines(group, each, behind[each.topic.name], members):
                click.echo(json_line(line))
        return
    click.echo(f"Group {group}: {members.state}, members: {members.number}.")
    _print_table([HEADER, *(row for each in found for row in _rows(each, behind[each.topic.name], members))])


def _lags(cluster: Cluster, group: str, found: GroupPositions) -> Mapping[int, Lag]:
    """Return the lag by partition. Its seconds are those since the first record that is left, where it is found."""
    sought = starts(found.positions)
    oldest: Mapping[int, Oldest] = {}
    if sought:
        records = OldestRecords(cluster.consumer, group)
        try:
            oldest, _ = records.find(found.topic.name, sought, timeout=REQUEST_TIMEOUT)
        finally:
            records.close()
    return lags(found.positions, oldest, now=time())


def _lines(group: str, found: GroupPositions, behind: Mapping[int, Lag], members: Members) -> Iterator[dict[str, Any]]:
    for partition in found.topic.partitions:
        owner = members.owners.get((found.topic.name, partition))
        at = found.positions.get(partition)
        yield {
            "group": group,
            "topic": found.topic.name,
            "partition": partition,
            **(fields(at, behind[partition]) if at is not None else {"error": found.unknown[partition]}),
            "owner": None if owner is None else owner.fields(),
        }


def _rows(found: GroupPositions, behind: Mapping[int, Lag], members: Members) -> Iterator[Sequence[str]]:
    for partition in found.topic.partitions:
        owner = members.owners.get((found.topic.name, partition))
        at = found.positions.get(partition)
        numbers = ("?", "?", "?", "?")
        if at is not None:
            lag = behind[partition]
            numbers = (
                str(at.committed.offset) if at.committed else "-",
                str(at.last_stable),
                str(lag.records),
                "?" if lag.seconds is None else f"{lag.seconds:.0f}",
            )
        text = found.unknown[partition] if at is None else remark(at)
        yield (found.topic.name, str(partition), *numbers, str(owner or "-"), text)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if at in NUMBERS else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
