"""Options of `heartzone topics plan`, `apply` and `export`."""

from collections.abc import Sequence
from pathlib import Path

import click

from heartzone_cli.options import DEFINITIONS_DIR, data_dir_option, find_definitions, json_option

_dir_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help=f"Folder or file with the EventTopics.  [default: the nearest {DEFINITIONS_DIR}/, or the product's own]",
)
_step_json_option = json_option("Print one JSON object a step, one a line.")


@click.group
def topics() -> None:
    """Compare Kafka's topics and the registry's schemas with what their definitions ask for, and apply.

    The definitions are EventTopics, the resources that a cluster's operator takes: partitions, configuration and
    schemas of each topic; `export` writes them for a cluster that has topics already. Nothing here deletes a topic, a
    partition or a schema.
    """


@topics.command(short_help="Show what would change.")
@_dir_option
@data_dir_option
@_step_json_option
@click.pass_context
def plan(ctx: click.Context, *, folder: Path | None, data_dir: Path | None, machine: bool) -> None:
    """Show what `apply` would do, and do nothing.

    Exit code 0: nothing to do; 3: there are changes; 2: something could not be read, or is blocked.
    """
    from event_topics.command.running import run_plan  # noqa: PLC0415 - imports Kafka's and the registry's clients
    from heartzone_cli.topics.adapters import terminal  # noqa: PLC0415 - as above

    with terminal(data_dir) as (connect, console):
        ctx.exit(run_plan([find_definitions(folder)], connect, console, machine=machine))


@topics.command(short_help="Carry out what the definitions ask for.")
@_dir_option
@data_dir_option
@_step_json_option
@click.option("--yes", is_flag=True, help="Do what cannot be undone without asking.")
@click.pass_context
def apply(ctx: click.Context, *, folder: Path | None, data_dir: Path | None, machine: bool, yes: bool) -> None:
    """Create topics, register schemas and change what may be changed; ask before what cannot be undone.

    Exit code 0: all is as defined; 2: something was blocked or failed, and the rest was done.
    """
    from event_topics.command.running import run_apply  # noqa: PLC0415 - as above
    from heartzone_cli.topics.adapters import terminal  # noqa: PLC0415 - as above

    with terminal(data_dir) as (connect, console):
        ctx.exit(run_apply([find_definitions(folder)], connect, console, machine=machine, yes=yes))


@topics.command(short_help="Write definitions for the topics that exist.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to, one file a topic.  [default: the standard output]",
)
@click.option(
    "--topic",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only these topics, such as 'orders.*'; may be given again.  [default: all that do not start with _]",
)
@data_dir_option
@click.option("--yes", is_flag=True, help="Overwrite files of --dir whose content differs.")
@json_option("Print one JSON object a topic, one a line.")
@click.pass_context
def export(
    ctx: click.Context, *, folder: Path | None, patterns: Sequence[str], data_dir: Path | None, yes: bool, machine: bool
) -> None:
    """Write EventTopics for the topics and schemas that exist, such that `plan` finds nothing to do.

    Only configuration that is set on the topic itself is written. Without --dir the definitions go to the standard
    output, as `kubectl apply -f -` takes them. A topic that another file of --dir describes is not written again.

    Exit code 0: all is written; 2: something could not be read or described, and the rest is written.
    """
    from event_topics.command.exporting import run_export  # noqa: PLC0415 - as above
    from heartzone_cli.topics.adapters import terminal  # noqa: PLC0415 - as above

    with terminal(data_dir) as (connect, console):
        ctx.exit(run_export(folder, patterns, connect, console, overwrite=yes, machine=machine))
