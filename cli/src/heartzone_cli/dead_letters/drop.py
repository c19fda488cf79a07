"""`heartzone dead-letters drop`: letters are marked as handled, and what Kafka can delete of them is deleted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from confluent_kafka import KafkaException, TopicPartition

from heartzone_cli.cluster.clients import REQUEST_TIMEOUT, open_admin
from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.dead_letters.display import counted
from heartzone_cli.dead_letters.errors import NotDoneError
from heartzone_cli.dead_letters.expiry import warn_of_expiry
from heartzone_cli.dead_letters.handled import Handled
from heartzone_cli.dead_letters.handling import Handling
from heartzone_cli.dead_letters.rules import selection_of
from heartzone_cli.dead_letters.selection import Selection
from heartzone_cli.dead_letters.steps import steps
from heartzone_cli.dead_letters.topic import DeadLetterTopic
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import json_line

DONE = 0
NOT_CONFIRMED = 2


def run_drop(rules: dict[str, Any], data_dir: Path | None, *, everything: bool, yes: bool, machine: bool) -> int:
    """Drop, print the outcome and return the exit code. Raises CannotRunError, NotDoneError."""
    selection = selection_of(rules)
    if selection.is_everything != everything:
        raise CannotRunError(
            "Say which dead letters to drop: by --reason, --from, --to, --partition or --offset, or --all."
        )
    if machine and not yes:
        raise CannotRunError("With --json nobody is asked: add --yes.")
    cluster = read_cluster(find_up(data_dir))
    with DeadLetterTopic(cluster) as topic:
        warn_of_expiry(cluster)
        reasons, handled = _survey(topic, selection)
        before = _deletable(topic, handled)
        if not reasons and not before:
            click.echo(json_line(_fields(0, {})) if machine else "There is nothing to drop.")
            return DONE
        if not yes and not click.confirm(_question(topic, reasons, before), err=True):
            click.echo("Nothing was dropped.", err=True)
            return NOT_CONFIRMED
        handling = Handling(cluster, topic, selection, chosen=lambda _: True)
        if reasons:
            handling.run()
        topic.check_same()  # a person may have taken any time to confirm
        before = _deletable(topic, {each: topic.handled[each] for each in handled})
        _delete(cluster, topic, before, dropped=handling.done)
    click.echo(json_line(_fields(handling.done, before)) if machine else _sentence(topic, handling.done, before))
    return DONE


def _survey(topic: DeadLetterTopic, selection: Selection) -> tuple[list[str | None], dict[int, Handled]]:
    """Return the reasons of the letters to drop, and what would then be handled, by partition."""
    reasons: list[str | None] = []
    handled = {}
    for partition in topic.partitions(selection):
        handled[partition] = topic.handled[partition]
        for step in steps(
            partition,
            topic.letters(partition),
            topic.handled[partition],
            chosen=selection.__contains__,
            size=lambda: 1_000,
        ):
            reasons += [letter.reason for letter in step.letters]
            handled[partition] = step.handled
    return reasons, handled


def _deletable(topic: DeadLetterTopic, handled: Mapping[int, Handled]) -> dict[int, int]:
    """Return the offset before which everything is handled, by partition, where there is something before it."""
    return {
        partition: min(each.before, topic.bounds[partition].end)
        for partition, each in handled.items()
        if min(each.before, topic.bounds[partition].end) > topic.bounds[partition].earliest
    }


def _delete(cluster: Cluster, topic: DeadLetterTopic, before: Mapping[int, int], *, dropped: int) -> None:
    if not before:
        return
    admin = open_admin(cluster)  # without a reference it would be gone before the response comes
    futures = admin.delete_records(
        [TopicPartition(topic.name, partition, offset) for partition, offset in before.items()],
        request_timeout=REQUEST_TIMEOUT,
    )
    for at, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            raise NotDoneError(
                f"{dropped} dead letters are dropped, and not deleted: Kafka does not delete those of {topic.name}"
                f" {at.partition} before offset {at.offset} ({error.args[0].str()}). It takes the right Delete on the"
                " topic."
            ) from error


def _question(topic: DeadLetterTopic, reasons: list[str | None], before: Mapping[int, int]) -> str:
    what = f"Drop {len(reasons)} dead letters ({counted(reasons)})" if reasons else "Drop nothing"
    deleted = _deleted(topic, before)
    return f"{what}, and delete {deleted}?" if before else f"{what}? None can be deleted yet: earlier ones are left"


def _deleted(topic: DeadLetterTopic, before: Mapping[int, int]) -> str:
    places = ", ".join(f"{partition} before offset {offset}" for partition, offset in before.items())
    return f"for good what {topic.name} has in partition {places}: dropped and replayed ones"


def _sentence(topic: DeadLetterTopic, dropped: int, before: Mapping[int, int]) -> str:
    deleted = f" Deleted is {_deleted(topic, before)}." if before else " None could be deleted: earlier ones are left."
    return f"Dropped {dropped} dead letters.{deleted}"


def _fields(dropped: int, before: Mapping[int, int]) -> dict[str, object]:
    deleted = [{"partition": partition, "before": offset} for partition, offset in before.items()]
    return {"dropped": dropped, "deleted": deleted}
