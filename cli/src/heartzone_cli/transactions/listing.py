"""`heartzone transactions list`."""

from collections.abc import Sequence
from pathlib import Path
from time import time
from typing import Any

import click
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from heartzone_cli.cluster.clients import REQUEST_TIMEOUT, open_admin
from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import json_line
from heartzone_cli.transactions.coordinators import read_open
from heartzone_cli.transactions.held import Held, Partition, hanging, read_held
from heartzone_cli.transactions.state_record import Transaction

# Exit codes
DONE = 0
SOME_HANG = 1


def run_list(data_dir: Path | None, *, since: float, machine: bool) -> int:
    """Print them, and return the exit code. Raises CannotRunError."""
    cluster = read_cluster(find_up(data_dir))
    admin = open_admin(cluster)
    partitions = _partitions(admin, cluster)
    before = read_held(admin, partitions)
    known = read_open(cluster, since=since)
    covered = {partition for each in known.open for partition in each.partitions}
    held = hanging(before.values(), read_held(admin, before.keys()), covered, complete=known.unreadable == 0)
    now = time()
    if machine:
        for each in known.open:
            click.echo(json_line({"type": "transaction", **fields(each, now)}))
        for at in held:
            click.echo(json_line({"type": "held_partition", **at.fields()}))
    else:
        click.echo("\n".join([*_transactions(known.open, now), *_held(held)]))
    if known.unreadable:
        click.echo(
            f"{known.unreadable} transactional ids are kept in a format unknown here, so none is said to hang.",
            err=True,
        )
    return SOME_HANG if any(at.hanging for at in held) else DONE


def fields(each: Transaction, now: float) -> dict[str, Any]:
    """Return what `--json` prints of a transaction."""
    return {
        "transactional_id": each.transactional_id,
        "producer_id": each.producer_id,
        "epoch": each.epoch,
        "state": each.state.name.lower(),
        "age_seconds": round(max(0.0, now - each.started), 3),
        "timeout_seconds": each.timeout,
        "partitions": [{"topic": topic, "partition": partition} for topic, partition in each.partitions],
    }


def described(each: Transaction, now: float) -> str:
    """Say what it is."""
    places = ", ".join(f"{topic} {partition}" for topic, partition in each.partitions) or "no partition yet"
    return (
        f"{each.transactional_id}: {each.state.name.lower().replace('_', ' ')} for {max(0.0, now - each.started):.1f} s"
        f" (timeout {each.timeout:g} s), producer {each.producer_id} epoch {each.epoch}, in {places}"
    )


def _partitions(admin: AdminClient, cluster: Cluster) -> list[Partition]:
    topics = cluster.topics
    names = {topics.raw, topics.biometrics, topics.zones, topics.dead_letters}
    try:
        found = admin.list_topics(timeout=REQUEST_TIMEOUT).topics
    except KafkaException as error:
        raise CannotRunError(
            f"Kafka does not respond: {error.args[0].str()}. (Kafka at {cluster.bootstrap_servers}, from"
            f" {cluster.origin})"
        ) from error
    return [(name, partition) for name in sorted(names & found.keys()) for partition in sorted(found[name].partitions)]


def _transactions(found: Sequence[Transaction], now: float) -> list[str]:
    return [described(each, now) for each in found] or ["There are no open transactions."]


def _held(found: Sequence[Held]) -> list[str]:
    lines = []
    for at in found:
        line = f"Readers of {at.topic} {at.partition} wait at offset {at.last_stable} of {at.end}"
        if at.hanging:
            line += (
                ", and no coordinator knows of the transaction there: it hangs. `kafka-transactions.sh abort --topic"
                f" {at.topic} --partition {at.partition} --start-offset {at.last_stable}` ends it."
            )
        else:
            line += "."
        lines.append(line)
    return lines
