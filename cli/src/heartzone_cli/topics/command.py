"""The command line of `heartzone topics`: plan and apply, over event_topics; export is in a module of its own.

What the work needs is imported when it starts: `--help` must not wait for Kafka's client.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

from heartzone_cli.topics.definitions import FOLDER, default_folder
from heartzone_cli.topics.export_command import export
from heartzone_cli.topics.options import data_dir_option

if TYPE_CHECKING:
    from event_topics import KafkaTopics, Plan, SchemaSubjects

CHANGES_WAIT = 3
FAILED = 2

_folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help=f"Folder or file with the EventTopics.  [default: the nearest {FOLDER}/]",
)
_json_option = click.option("--json", "machine", is_flag=True, help="Print one JSON object a step, one a line.")


@click.group(short_help="Compare the topics with what their definitions ask for, and apply.")
def topics() -> None:
    """Compare Kafka's topics and the registry's schemas with what their definitions ask for, and apply.

    The definitions are EventTopics, the resources that a cluster's operator takes: partitions, configuration and
    schemas of each topic; `export` writes them for a cluster that has topics already. Nothing here deletes a topic, a
    partition or a schema.
    """


topics.add_command(export)


@topics.command(short_help="Show what would change.")
@_folder_option
@data_dir_option
@_json_option
@click.pass_context
def plan(ctx: click.Context, *, folder: Path | None, data_dir: Path | None, machine: bool) -> None:
    """Show what `apply` would do, and do nothing.

    Exit code 0: nothing to do; 3: changes wait; 2: something could not be read, or will be refused.
    """
    from heartzone_cli.topics.display import plan_lines, plan_objects  # noqa: PLC0415

    planned = _look(folder, data_dir)
    for line in plan_objects(planned.plan) if machine else plan_lines(planned.plan, planned.topics):
        click.echo(line)
    if planned.plan.blocked or planned.plan.unknown:
        ctx.exit(FAILED)
    ctx.exit(CHANGES_WAIT if planned.plan.actions else 0)


@topics.command(short_help="Carry out what the definitions ask for.")
@_folder_option
@data_dir_option
@_json_option
@click.option("--yes", is_flag=True, help="Do what cannot be undone without asking.")
@click.pass_context
def apply(ctx: click.Context, *, folder: Path | None, data_dir: Path | None, machine: bool, yes: bool) -> None:
    """Create topics, register schemas and change what may be changed; ask before what cannot be undone.

    Exit code 0: all is as asked for; 2: something was refused or went wrong, and the rest was done.
    """
    from event_topics import apply_plan  # noqa: PLC0415
    from heartzone_cli.topics.display import outcome_line, outcome_object, plan_lines  # noqa: PLC0415

    planned = _look(folder, data_dir)
    if not machine:
        for line in plan_lines(planned.plan, planned.topics):
            click.echo(line)
    if not yes:
        _confirm(planned.plan, machine)
    failed = False
    for outcome in apply_plan(planned.plan, planned.kafka, planned.registry):
        failed |= outcome.failure is not None
        # What the plan above says already is not said again.
        if machine or outcome.step in planned.plan.actions:
            click.echo(outcome_object(outcome) if machine else outcome_line(outcome))
    ctx.exit(FAILED if failed else 0)


class _Planned(NamedTuple):
    """A plan, of how many topics, and the adapters that carry it out."""

    plan: "Plan"
    topics: int
    kafka: "KafkaTopics"
    registry: "SchemaSubjects"


def _look(folder: Path | None, data_dir: Path | None) -> _Planned:
    """Read the definitions, look at the cluster, plan. Ends the command with exit code 2 when that cannot be."""
    from event_topics import LoadError, load_event_topics, observe  # noqa: PLC0415
    from event_topics import plan as plan_for  # noqa: PLC0415
    from heartzone_cli.topics.adapters import open_adapters  # noqa: PLC0415

    folder = folder or default_folder()
    if folder is None:
        _cannot_run(f"There is no {FOLDER} in this folder or one above it: name the definitions with --dir.")
    try:
        desired = load_event_topics([folder]).desired()
    except LoadError as error:
        _cannot_run(str(error))
    kafka, registry = open_adapters(data_dir)
    observed = observe(desired, kafka, registry)
    return _Planned(plan_for(desired, observed), len({each.topic for each in desired}), kafka, registry)


def _confirm(plan: "Plan", machine: bool) -> None:
    from event_topics import consequences  # noqa: PLC0415

    costs = [sentence for action in plan.actions for sentence in consequences(action)]
    if not costs:
        return
    if machine or not sys.stdin.isatty():
        _cannot_run(f"{costs[0]} Nothing was changed: run with --yes to do what cannot be undone.")
    click.confirm("Some of this cannot be undone (the lines with !). Go on?", abort=True)


def _cannot_run(sentence: str) -> NoReturn:
    from heartzone_cli.cluster import CannotRunError  # noqa: PLC0415

    raise CannotRunError(sentence)
