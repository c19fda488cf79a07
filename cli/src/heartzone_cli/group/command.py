"""Options of `heartzone group status` and `set-offset`."""

from pathlib import Path

import click

from heartzone_cli.options import Number, data_dir_option, json_option

_group_option = click.option(
    "--group", "group_id", metavar="GROUP", help="The consumer group.  [default: HEARTZONE_GROUP_ID, or zone-worker]"
)


class TargetOffset(click.ParamType[str | int]):
    """An offset as a number, or `earliest`, or `latest`."""

    name = "offset"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> str | int:
        """Return the number, or the word."""
        if isinstance(value, int) or value in ("earliest", "latest"):
            return value
        if not value.isdecimal():
            self.fail(f"{value!r} is no offset; a number from 0 on, earliest or latest would be right.", param, ctx)
        return int(value)


@click.group
def group() -> None:
    """Show where the workers' consumer group is, and move one partition of it."""


@group.command(short_help="Show committed offsets, lag in records and seconds, and owners.")
@_group_option
@data_dir_option
@json_option("Print one JSON object a partition, one a line.")
def status(*, group_id: str | None, data_dir: Path | None, machine: bool) -> None:
    """Show each partition of the group's topics: committed offset, last stable offset, lag and owner.

    Partitions that no member owns are shown, too. The lag is in offsets, of which some may hold nothing to process, and
    in seconds since the first record that is left was written. A committed offset that halts a partition is told; that
    a worker has halted one for another reason is known to that worker alone: see its metric
    heartzone_partitions_halted.
    """
    from heartzone_cli.group.status import run_status  # noqa: PLC0415 - imports Kafka's client

    run_status(group_id, data_dir, machine=machine)


@group.command("set-offset", short_help="Move one partition, while the group runs.")
@click.argument("topic")
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("offset", type=TargetOffset())
@_group_option
@click.option(
    "--watch",
    type=Number(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to watch whether the offset stands.",
)
@data_dir_option
@json_option("Print the outcome as one JSON object.")
@click.pass_context
def set_offset(
    ctx: click.Context,
    *,
    topic: str,
    partition: int,
    offset: str | int,
    group_id: str | None,
    watch: float,
    data_dir: Path | None,
    machine: bool,
) -> None:
    """Move the group's offset of one PARTITION of TOPIC to OFFSET, a number, earliest or latest.

    The group need not be stopped. A worker whose partition is halted notices within seconds, and goes on there.
    A worker that is processing the partition keeps to its own position and overwrites the offset with its next
    commit: stop it first.

    Records that are skipped are never processed, and records that are processed again give their zones twice.

    Exit code 0: done; 1: a worker has overwritten the offset, or the brokers have not confirmed it; 2: nothing was
    changed.
    """
    from heartzone_cli.group.set_offset import run_set_offset  # noqa: PLC0415 - as above

    ctx.exit(run_set_offset(topic, partition, offset, group_id, data_dir, watch=watch, machine=machine))
