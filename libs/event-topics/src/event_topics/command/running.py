"""Plan and apply, as a person or a pipeline runs them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from event_topics.apply import apply_plan, observe
from event_topics.command.display import outcome_line, outcome_object, plan_lines, plan_objects
from event_topics.command.output import CHANGES_PLANNED, DONE, FAILED, CannotRunError, Connect, Console
from event_topics.kafka.topics import KafkaTopics
from event_topics.manifests.loading import LoadError, load_event_topics
from event_topics.model.irreversible import consequences
from event_topics.model.planning import Plan, plan
from event_topics.registry.subjects import SchemaSubjects


def run_plan(definitions: Iterable[Path], connect: Connect, console: Console, *, machine: bool) -> int:
    """Print the plan, and return the exit code. Raises CannotRunError."""
    planned = _plan(definitions, connect)
    for line in plan_objects(planned.plan) if machine else plan_lines(planned.plan, planned.topics):
        console.write(line)
    if planned.plan.blocked or planned.plan.unknown:
        return FAILED
    return CHANGES_PLANNED if planned.plan.actions else DONE


def run_apply(definitions: Iterable[Path], connect: Connect, console: Console, *, machine: bool, yes: bool) -> int:
    """Print the plan, carry it out and print each outcome; return the exit code. Raises CannotRunError.

    Without `yes`, ask before what cannot be undone.
    """
    planned = _plan(definitions, connect)
    if not machine:
        for line in plan_lines(planned.plan, planned.topics):
            console.write(line)
    if not yes:
        _confirm(planned.plan, console, machine=machine)
    failed = False
    for outcome in apply_plan(planned.plan, planned.kafka, planned.registry):
        failed |= outcome.failure is not None
        # For people, steps that are not actions are in the plan above already.
        if machine or outcome.step in planned.plan.actions:
            console.write(outcome_object(outcome) if machine else outcome_line(outcome))
    return FAILED if failed else DONE


class _Planned(NamedTuple):
    """A plan, for how many topics, and the adapters that carry it out."""

    plan: Plan
    topics: int
    kafka: KafkaTopics
    registry: SchemaSubjects


def _plan(definitions: Iterable[Path], connect: Connect) -> _Planned:
    """Read the definitions, observe the cluster, plan. Raises CannotRunError."""
    try:
        desired = load_event_topics(definitions).desired()
    except LoadError as error:
        raise CannotRunError(str(error)) from error
    kafka, registry = connect()
    observed = observe(desired, kafka, registry)
    return _Planned(plan(desired, observed), len({each.topic for each in desired}), kafka, registry)


def _confirm(plan: Plan, console: Console, *, machine: bool) -> None:
    irreversible = [sentence for action in plan.actions for sentence in consequences(action)]
    if not irreversible:
        return
    if machine or console.confirm is None:
        raise CannotRunError(f"{irreversible[0]} Nothing was changed: run with --yes to do what cannot be undone.")
    if not console.confirm("Some of this cannot be undone (the lines with !). Continue?"):
        raise CannotRunError("Nothing was changed.")
