"""`heartzone topics plan` and `apply`, over event_topics."""

import sys
from pathlib import Path
from typing import NamedTuple

import click

from event_topics import (
    KafkaTopics,
    LoadError,
    Plan,
    SchemaSubjects,
    apply_plan,
    consequences,
    load_event_topics,
    observe,
    plan,
)
from heartzone_cli.errors import CannotRunError
from heartzone_cli.topics.adapters import open_adapters
from heartzone_cli.topics.display import outcome_line, outcome_object, plan_lines, plan_objects

# Exit codes
DONE = 0
FAILED = 2
CHANGES_PLANNED = 3


def run_plan(definitions: Path, data_dir: Path | None, *, machine: bool) -> int:
    """Print the plan, and return the exit code. Raises CannotRunError."""
    planned = _plan(definitions, data_dir)
    for line in plan_objects(planned.plan) if machine else plan_lines(planned.plan, planned.topics):
        click.echo(line)
    if planned.plan.blocked or planned.plan.unknown:
        return FAILED
    return CHANGES_PLANNED if planned.plan.actions else DONE


def run_apply(definitions: Path, data_dir: Path | None, *, machine: bool, yes: bool) -> int:
    """Print the plan, carry it out and print each outcome; return the exit code. Raises CannotRunError.

    Without `yes`, ask before what cannot be undone.
    """
    planned = _plan(definitions, data_dir)
    if not machine:
        for line in plan_lines(planned.plan, planned.topics):
            click.echo(line)
    if not yes:
        _confirm(planned.plan, machine)
    failed = False
    for outcome in apply_plan(planned.plan, planned.kafka, planned.registry):
        failed |= outcome.failure is not None
        # Without --json, steps that are not actions are in the plan above already.
        if machine or outcome.step in planned.plan.actions:
            click.echo(outcome_object(outcome) if machine else outcome_line(outcome))
    return FAILED if failed else DONE


class _Planned(NamedTuple):
    """A plan, for how many topics, and the adapters that carry it out."""

    plan: Plan
    topics: int
    kafka: KafkaTopics
    registry: SchemaSubjects


def _plan(definitions: Path, data_dir: Path | None) -> _Planned:
    """Read the definitions, observe the cluster, plan. Raises CannotRunError."""
    try:
        desired = load_event_topics([definitions]).desired()
    except LoadError as error:
        raise CannotRunError(str(error)) from error
    kafka, registry = open_adapters(data_dir)
    observed = observe(desired, kafka, registry)
    return _Planned(plan(desired, observed), len({each.topic for each in desired}), kafka, registry)


def _confirm(plan: Plan, machine: bool) -> None:
    irreversible = [sentence for action in plan.actions for sentence in consequences(action)]
    if not irreversible:
        return
    if machine or not sys.stdin.isatty():
        raise CannotRunError(f"{irreversible[0]} Nothing was changed: run with --yes to do what cannot be undone.")
    click.confirm("Some of this cannot be undone (the lines with !). Continue?", abort=True)
